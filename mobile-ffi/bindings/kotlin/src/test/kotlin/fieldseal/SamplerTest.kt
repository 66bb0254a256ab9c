// The small sampler's client is really run.

package fieldseal

import java.io.File
import kotlin.test.Test
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.io.TempDir
import sampler.Sampler

class SamplerTest {
    @Test
    fun aSamplerGoesFromEnrolmentToAReceivedSample(@TempDir folder: File) = World().use { world ->
        runBlocking {
            val screen = mutableListOf<String>()
            val phone = StoryPhone.open(folder, "first", world.known, world.known.get("now_ms").asLong())
            val camera = { kind: String -> File(folder, kind).apply { writeText("a picture of $kind") }.path }
            val sampler = Sampler(phone.face, camera) { screen += it }
            sampler.enrol(world.known.text("url"), world.code("王"))
            for (key in listOf("王", "赵")) {
                val username = world.known.get("people").get(key).text("username")
                phone.face.addSignatory(username, world.known.text("password"), story.text("pin"))
            }
            sampler.sync()
            sampler.showTasks()
            val visit = sampler.enter("铸造", "T1", phone.people().map { it.userId })
            val sheet = story.get("visit").get("sheets")[0].get("fields")
            @Suppress("UNCHECKED_CAST")
            sampler.draw(visit, "T1", json.convertValue(sheet, Map::class.java) as Map<String, Any?>, phone.people())
            sampler.sync()
            val said = screen.joinToString("\n")
            for (words in listOf("王建国", "任务 T1 检查井盖", "进门 泽州示例铸造", "DUP6", "封样", "同步 complete")) {
                assertTrue(words in said, "$words is missing in:\n$said")
            }
        }
    }
}
