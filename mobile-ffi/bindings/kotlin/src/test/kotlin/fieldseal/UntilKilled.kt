// The process that is killed: enrols, plays the first half, tells what it made and waits for its end.

package fieldseal

import java.io.File
import kotlinx.coroutines.runBlocking

fun main(arguments: Array<String>) {
    val (folder, world, code) = arguments
    runBlocking {
        val known = json.readTree(File(world))
        val phone = StoryPhone.open(File(folder), "first", known, known.get("now_ms").asLong())
        phone.enrol(code)
        val (visit, sheets) = phone.visitsOffline(File(folder))
        println(json.writeValueAsString(mapOf("visit" to visit, "sheets" to sheets)))
        System.out.flush()
        Thread.sleep(Long.MAX_VALUE)
    }
}
