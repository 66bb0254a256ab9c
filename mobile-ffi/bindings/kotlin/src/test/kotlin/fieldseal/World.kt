// The world of the story of conformance: a real server in a process of its own, and phones on it.

package fieldseal

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import java.io.File
import kotlinx.coroutines.delay

val json = ObjectMapper()
val story: JsonNode = json.readTree(File("../conformance/story.json"))

fun JsonNode.text(name: String): String = get(name).asText()

/** Its program is named by `FIELDSEAL_CONFORMANCE`. */
class World : AutoCloseable {
    private val process = ProcessBuilder(System.getenv("FIELDSEAL_CONFORMANCE"), "world")
        .redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val says = process.inputStream.bufferedReader()
    val known: JsonNode = hears()

    private fun hears(): JsonNode = json.readTree(says.readLine() ?: error("the world ended"))

    fun asks(vararg what: Pair<String, Any>): JsonNode {
        process.outputStream.write((json.writeValueAsString(mapOf(*what)) + "\n").toByteArray())
        process.outputStream.flush()
        return hears()
    }

    fun code(who: String): String = asks("do" to "enrolment_code", "who" to who).text("code")

    fun line(mode: String, bytes: Long = 0) {
        asks("do" to "line", "mode" to mode, "bytes" to bytes)
    }

    override fun close() {
        process.outputStream.close()
        process.waitFor()
    }
}

/** Stands until the story moves it. */
class StoryClock(@Volatile var nowMs: Long) : Clock {
    override fun now() = ClockReading(nowMs, nowMs - 1_000_000, "story")
}

class StoryPlace(place: JsonNode) : LocationSource {
    private val fix = GeoFix(
        place.text("system"), place.get("latitude_e7").asLong(), place.get("longitude_e7").asLong(),
        place.get("accuracy_mm").asLong(), place.get("mocked").asBoolean(),
    )

    override fun fix(): GeoFix? = fix
}

/** A phone of the story, driven as an app would. */
class StoryPhone(val name: String, val known: JsonNode, val clock: StoryClock, val face: Fieldseal) {
    companion object {
        suspend fun open(
            folder: File, name: String, known: JsonNode, nowMs: Long, hosts: (Hosts) -> Hosts = { it },
        ): StoryPhone {
            val clock = StoryClock(nowMs)
            val place = story.get("places").get(name)?.let { StoryPlace(it) }
            val given = hosts(Hosts(clock = clock, location = place))
            return StoryPhone(name, known, clock, openFieldseal(File(folder, name).path, given))
        }
    }

    private fun signatories() = story.get("phones").get(name).get("signatories").map { it.asText() }

    private fun username(key: String) = known.get("people").get(key).text("username")

    suspend fun enrol(code: String) {
        face.enrol(known.text("url"), code, name)
        signatories().forEach { face.addSignatory(username(it), known.text("password"), story.text("pin")) }
        check(sync().outcome == "complete")
    }

    suspend fun trySync(attempts: Long? = null, listener: ProgressListener? = null): SyncDone =
        face.sync(SyncOptions(attemptsMax = attempts), listener).wait()

    suspend fun sync(): SyncDone {
        val done = trySync()
        if (done.outcome != "login_needed") return done
        face.logIn(username(story.get("phones").get(name).text("owner")), known.text("password"))
        return trySync()
    }

    fun people() = signatories().map {
        SignatureAct(known.get("people").get(it).text("user_id"), story.text("pin"), "handwriting of $it".toByteArray())
    }

    fun plan(enterprise: String) = VisitPlan(
        known.get("campaigns").text(story.text("campaign")),
        Place.Listed(known.get("enterprises").text(enterprise)),
        known.get("teams").text(story.text("team")),
    )

    fun arrival() = ArrivalForm(
        people().map { it.userId }, noticeNo = story.get("visit").get("arrival").text("notice_no"), idShown = true,
    )

    suspend fun photographs(document: String, photo: JsonNode, shows: RecordRef): EvidenceRef {
        val form = EvidenceForm(photo.text("media_type"), photo.text("kind"), shows)
        return face.captureBytes(document, form, photo.text("text").toByteArray())
    }

    /** The first half: a visit without a network, until both sheets are sealed. */
    suspend fun visitsOffline(folder: File): Pair<String, List<String>> {
        val told = story.get("visit")
        for (search in listOf("search_by_name", "search_by_uscc")) {
            check(face.findEnterprises(told.text(search))[0].name == "泽州示例铸造") { search }
        }
        val held = face.rulesHeld()
        check(held.indexAsOfMs != null && held.rulebooks.isNotEmpty())
        val visit = face.startVisit(plan(told.text("enterprise")))
        face.recordArrival(visit, arrival())
        photographs(visit, told.get("photos")[0], RecordRef.Visit)
        val sheets = told.get("sheets").mapIndexed { number, sheet ->
            if (number == 1) {
                // The next day they walk in again, and say nothing of why.
                clock.nowMs += told.get("next_day_ms").asLong()
                face.recordArrival(visit, arrival())
            }
            val id = face.newSheet(visit, known.get("tasks").text(sheet.text("task")), sheet.get("fields").toString())
            sheet.get("trail").forEach { photographs(visit, it, RecordRef.Sheet(id)) }
            id
        }
        val photo = told.get("photos")[1]
        val file = File(folder, "camera.jpg").apply { writeBytes(photo.text("text").toByteArray()) }
        val form = EvidenceForm(photo.text("media_type"), photo.text("kind"), RecordRef.Sheet(sheets[0]))
        face.captureFile(visit, form, file.path, null)
        val preview = face.preview(visit)
        val wanted = told.get("preview")
        for ((rule, said) in listOf(wanted.text("finding") to preview.findings, wanted.text("advice") to preview.advice)) {
            val found = said.first { it.ruleId == rule }
            check(found.citation.isNotEmpty() && found.zh != found.en)
        }
        val party = told.get("party")
        for (sheet in sheets) {
            val signed = PartySignatureAct.Signed(
                party.text("name"), party.text("handwriting").toByteArray(), party.text("stamp").toByteArray(),
            )
            face.sealRecord(visit, RecordRef.Sheet(sheet), people(), signed)
        }
        return visit to sheets
    }

    suspend fun digestAtTheEnd(visit: String, expected: String): String {
        val until = System.nanoTime() + 60_000_000_000
        while (true) {
            check(sync().outcome == "complete")
            val digest = face.visitDigest(visit)
            if (digest == expected || System.nanoTime() > until) return digest
            delay(200)
        }
    }
}
