// The story of conformance: an offline visit, a kill, a cut line, a sync that is stopped, a conflict, a parcel, a confirmation,
// and the same digests in every language.

package fieldseal

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.io.TempDir

suspend fun codeOf(act: suspend () -> Unit): String = assertFailsWith<FieldsealException.Failed> { act() }.problem.code

class StoryTest {
    @Test
    fun theStoryOfConformanceEndsWithItsDigests(@TempDir folder: File) = World().use { world ->
        runBlocking { play(world, folder) }
    }

    private suspend fun play(world: World, folder: File) {
        val known = world.known
        // A phone works offline, and is killed.
        val worldFile = File(folder, "world.json").apply { writeText(known.toString()) }
        val java = File(System.getProperty("java.home"), "bin/java").path
        val phone = ProcessBuilder(
            java, "-Dfile.encoding=UTF-8", "-cp", System.getProperty("java.class.path"), "fieldseal.UntilKilledKt",
            folder.path, worldFile.path, world.code("王"),
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val made = json.readTree(phone.inputStream.bufferedReader().readLine())
        phone.destroyForcibly().waitFor()
        val visit = made.text("visit")
        val now = world.asks("do" to "advance", "ms" to story.get("visit").get("next_day_ms").asLong()).get("now_ms").asLong()

        // Nothing of it is lost.
        val first = StoryPhone.open(folder, "first", known, now)
        val rows = first.face.visits()
        assertEquals(listOf(2L to 2L), rows.map { it.sheets to it.sealed })
        val unsent = rows[0].unsent
        assertTrue(unsent > 0)

        // A line that is cut, and a sync that is stopped while nobody answers.
        world.line("cut", story.get("cut_after_bytes").asLong())
        var done = first.trySync(1)
        assertEquals("offline" to unsent, done.outcome to done.unsent)
        world.line("stalled")
        val task = first.face.sync(SyncOptions(), null)
        delay(300)
        assertFalse(task.isFinished())
        task.cancel()
        assertEquals("cancelled", codeOf { task.wait() })
        assertTrue(task.isFinished())
        world.line("open")
        done = first.sync()
        assertEquals(Triple("complete", 0L, story.get("expected").get("files").asLong()), Triple(done.outcome, done.unsent, done.files))

        // A refusal, which two phones write at the same time.
        val teammate = StoryPhone.open(folder, "teammate", known, now)
        teammate.enrol(world.code("赵"))
        val supervisor = StoryPhone.open(folder, "supervisor", known, now)
        supervisor.enrol(world.code("韩"))
        val case = story.get("refusal")
        val refused = first.face.startVisit(first.plan(case.text("enterprise")))
        first.face.recordArrival(refused, first.arrival())
        val form = RefusalForm(
            case.text("kind"), case.text("fact_description"), case.text("product"), witness = case.text("witness"),
            consequenceExplained = true, consequence = case.text("consequence"),
            taskId = known.get("tasks").text(case.text("task")),
        )
        val refusal = RecordRef.Refusal(first.face.recordRefusal(refused, form))
        first.photographs(refused, case.get("photo"), refusal)
        for (it in listOf(first, teammate)) assertEquals("complete", it.sync().outcome)
        for ((it, says) in listOf(first to "first_says", teammate to "teammate_says")) {
            it.face.editRecord(refused, refusal, json.writeValueAsString(mapOf("fact_description" to case.text(says))))
        }
        for (it in listOf(first, teammate, first)) assertEquals("complete", it.sync().outcome)
        val conflict = first.face.conflicts(refused).single()
        assertTrue(conflict.open)
        assertEquals(2, conflict.sides.size)
        val side = conflict.sides.first { json.readTree(it.json).asText() == case.text("chosen") }
        first.face.settleConflict(refused, conflict.path, side.change)
        assertFalse(first.face.conflicts(refused).single().open)
        val party = case.get("party")
        val unsigned = PartySignatureAct.Refused(
            party.text("reason"), party.text("witness"), party.text("handwriting").toByteArray(),
        )
        first.face.sealRecord(refused, refusal, first.people(), unsigned)

        // Handed to the supervisor without a network, and confirmed.
        val question = supervisor.face.askCode().text
        val answer = first.face.answerCode(question, refused, refusal)
        assertEquals<RecordRef?>(refusal, supervisor.face.hearAnswer(answer.text).subject)
        val parcel = first.face.makeParcel(question, refused)
        assertEquals(listOf(refused), supervisor.face.openParcel(parcel.bytes).visits)
        assertEquals("parcel.replayed", codeOf { supervisor.face.openParcel(parcel.bytes) })
        assertEquals(1, supervisor.face.casesWaiting().size)
        val found = story.get("confirmation")
        val confirmation = supervisor.face.beginConfirmation(
            refused, refusal,
            ConfirmationForm(
                found.text("outcome"), found.text("measures"), found.text("opinion"), supervisor.people().map { it.userId },
            ),
        )
        val read = json.readTree(supervisor.face.confirmationJson(confirmation))
        val shows = RecordRef.Confirmation(read.get("identity").text("confirmation"))
        supervisor.photographs(confirmation, found.get("photo"), shows)
        supervisor.face.sealConfirmation(confirmation, supervisor.people())
        assertEquals("complete", supervisor.sync().outcome)

        // What is ruled is read back, and says the same in every language.
        val expected = story.get("expected")
        val digests = listOf(
            first.digestAtTheEnd(visit, expected.text("visit_digest")),
            first.digestAtTheEnd(refused, expected.text("refusal_digest")),
        )
        val ofRefusal = first.face.rulings(refused).single { it.subject.startsWith("refusal/") }
        assertEquals(expected.text("refusal"), ofRefusal.outcome)
        val ruled = first.face.rulings(visit).associate { it.subject to it.outcome }
        assertEquals(expected.get("sheets").map { it.asText() }, made.get("sheets").map { ruled["sample/${it.asText()}"] })
        assertEquals(listOf(expected.text("visit_digest"), expected.text("refusal_digest")), digests)
        assertEquals(0L, first.face.logOut())
        first.face.closeStore()
    }
}
