// A small sampler's client on the JVM: log in, see tasks, start a visit, hear the verdict in Chinese before the sample is cut,
// seal, and let the sync happen. Everything that an app on a phone would do, without its screens.

package sampler

import com.fasterxml.jackson.databind.ObjectMapper
import fieldseal.ArrivalForm
import fieldseal.EvidenceForm
import fieldseal.Fieldseal
import fieldseal.FieldsealException
import fieldseal.Hosts
import fieldseal.PartySignatureAct
import fieldseal.Place
import fieldseal.RecordRef
import fieldseal.SignatureAct
import fieldseal.SyncOptions
import fieldseal.VisitPlan
import fieldseal.openFieldseal
import kotlinx.coroutines.runBlocking

private val json = ObjectMapper()

/** One sampler's phone. `camera` takes a picture of something and says in which file; `say` is the screen. */
class Sampler(
    private val phone: Fieldseal,
    private val camera: (String) -> String,
    private val say: (String) -> Unit,
) {
    suspend fun enrol(url: String, code: String) {
        val owner = phone.owner() ?: phone.enrol(url, code, "Kotlin")
        say("${owner.userName} · ${owner.deviceId}")
    }

    suspend fun sync() {
        val done = phone.sync(SyncOptions(), null).wait()
        say("同步 ${done.outcome}: 上行 ${done.sent}, 下行 ${done.received}, 未发 ${done.unsent}")
        phone.doctor().groupBy { it.zh }.forEach { (words, rows) -> say("  ${rows.size} × $words") }
    }

    suspend fun showTasks() = phone.tasks().forEach { say("任务 ${it.code} ${it.productName} (${it.samplingKind})") }

    /** Walks in at the first enterprise that the text finds, for the team that has the task. */
    suspend fun enter(search: String, taskCode: String, samplers: List<String>): String {
        val enterprise = phone.findEnterprises(search).first()
        val task = phone.tasks().first { it.code == taskCode }
        val plan = VisitPlan(task.campaignId, Place.Listed(enterprise.enterpriseId), task.teamId)
        val visit = phone.startVisit(plan)
        phone.recordArrival(visit, ArrivalForm(samplers, noticeNo = "通知-1", idShown = true))
        say("进门 ${enterprise.name}")
        return visit
    }

    /** Draws a sample: the form, the verdict on it, and the seals of everybody. */
    suspend fun draw(visit: String, taskCode: String, fields: Map<String, Any?>, people: List<SignatureAct>): String {
        val task = phone.tasks().first { it.code == taskCode }
        val sheet = phone.newSheet(visit, task.taskId, json.writeValueAsString(fields))
        for (kind in listOf("place", "label", "stock", "sealing")) {
            val file = camera(kind)
            val type = if (kind == "sealing") "video/mp4" else "image/jpeg"
            phone.captureFile(visit, EvidenceForm(type, kind, RecordRef.Sheet(sheet)), file, null)
        }
        val preview = phone.preview(visit)
        for (finding in preview.findings + preview.advice) {
            say("${finding.ruleId} ${finding.zh}【${finding.citation}】")
        }
        val record = RecordRef.Sheet(sheet)
        val party = PartySignatureAct.Signed("联系人", "手写".toByteArray(), "章".toByteArray())
        try {
            phone.sealRecord(visit, record, people, party)
            say("封样 $sheet")
        } catch (refused: FieldsealException.Failed) {
            refused.problem.obstacles.forEach { say("不能封样: ${it.zh}") }
            throw refused
        }
        return sheet
    }
}

/** `Sampler FOLDER URL CODE`: enrols, syncs and lists the tasks. */
fun main(arguments: Array<String>) = runBlocking {
    val (folder, url, code) = arguments
    val sampler = Sampler(openFieldseal(folder, Hosts()), { "$folder/$it" }, ::println)
    sampler.enrol(url, code)
    sampler.sync()
    sampler.showTasks()
}
