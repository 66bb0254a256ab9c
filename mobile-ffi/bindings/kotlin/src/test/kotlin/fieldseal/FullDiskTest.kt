// A disk that is full: each call says so by its code, what was acknowledged is there, and work goes on when there is room.

package fieldseal

import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.io.TempDir

private const val MIB = 1024 * 1024
private const val DISK_BYTES = 40 * MIB

/** A file system in memory, of so many bytes. */
private class SmallDisk(val at: File) : AutoCloseable {
    val others = File(at, "of-somebody-else")

    /** Somebody else takes all that is left. */
    fun fill() = FileOutputStream(others, true).use { file ->
        for (block in listOf(MIB, 4096, 1)) {
            try {
                while (true) file.write(ByteArray(block))
            } catch (_: IOException) {
                // So large a piece has no room any more.
            }
        }
    }

    override fun close() {
        check(ProcessBuilder("umount", "-l", at.path).inheritIO().start().waitFor() == 0)
    }

    companion object {
        /** None where this user may not mount anything. */
        fun mount(at: File): SmallDisk? {
            check(at.mkdir())
            val mount = ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=$DISK_BYTES", "fieldseal", at.path)
            return if (mount.redirectErrorStream(true).start().waitFor() == 0) SmallDisk(at) else null
        }
    }
}

class FullDiskTest {
    @Test
    fun aFullDiskIsToldByItsCodeAndLosesNothing(@TempDir folder: File) {
        val disk = SmallDisk.mount(File(folder, "disk"))
        assumeTrue(disk != null, "nothing can be mounted here")
        disk!!.use { World().use { world -> runBlocking { play(world, disk) } } }
    }

    private suspend fun play(world: World, disk: SmallDisk) {
        val phone = StoryPhone.open(disk.at, "first", world.known, world.known.get("now_ms").asLong())
        phone.enrol(world.code("王"))
        val visit = phone.face.startVisit(phone.plan("铸造"))
        phone.face.recordArrival(visit, phone.arrival())
        val photo = story.get("visit").get("photos")[0]
        val form = EvidenceForm(photo.text("media_type"), photo.text("kind"), RecordRef.Visit)

        // Evidence finds no room; forms have theirs, until that is taken too.
        disk.fill()
        assertEquals("evidence.no_space", codeOf { phone.face.captureBytes(visit, form, ByteArray(MIB)) })
        val written = StringBuilder()
        var code: String? = null
        while (code == null && written.length < 2_000 * 20_000) {
            disk.fill()
            val words = "x".repeat(20_000) + "\n"
            try {
                phone.face.spliceNotes(visit, written.length.toLong(), 0, words)
                written.append(words)
            } catch (error: FieldsealException.Failed) {
                code = error.problem.code
            }
        }
        assertEquals("store.full", code)
        assertTrue(written.isNotEmpty())
        holds(phone.face, visit, written.toString())

        // There is room again: all goes on, and is there when it is opened anew.
        check(disk.others.delete())
        phone.face.spliceNotes(visit, written.length.toLong(), 0, "the end")
        written.append("the end")
        holds(phone.face, visit, written.toString())
        phone.face.captureBytes(visit, form, ByteArray(MIB))
        phone.face.closeStore()
        val again = StoryPhone.open(disk.at, "first", world.known, phone.clock.nowMs)
        assertEquals(written.toString(), json.readTree(again.face.visitJson(visit)).text("notes"))
        val done = again.sync()
        assertEquals("complete" to 0L, done.outcome to done.unsent)
        assertEquals(1, again.face.evidence(visit).size)
        again.face.closeStore()
    }

    private suspend fun holds(face: Fieldseal, visit: String, written: String) {
        assertEquals(listOf(visit), face.visits().map { it.documentId })
        val read = json.readTree(face.visitJson(visit))
        assertEquals(written, read.text("notes"))
        assertEquals(1, read.get("arrivals").size())
        assertEquals(emptyList(), face.evidence(visit))
    }
}
