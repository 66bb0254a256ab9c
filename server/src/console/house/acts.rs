//! What the audit trail calls acts and their subjects, in words.

use crate::console::language::Language;

/// Acts, in Chinese and in English, in the order in which they are offered.
const ACTS: &[(&str, &str, &str)] = &[
    (
        "admin.created",
        "创建首个管理员",
        "First administrator made",
    ),
    ("user.created", "新建用户", "User made"),
    ("user.enabled", "启用用户", "User enabled"),
    ("user.disabled", "停用用户", "User disabled"),
    ("user.password_reset", "重设密码", "Password reset"),
    ("user.roles", "更改角色", "Roles changed"),
    ("user.regions", "更改行政区划", "Regions changed"),
    (
        "user.certificate_no",
        "更改执法证号",
        "Certificate number changed",
    ),
    ("session.ended", "结束登录", "Session ended"),
    ("sessions.ended", "结束全部登录", "All sessions ended"),
    ("oidc.bound", "绑定统一身份", "Identity bound"),
    ("oidc.unbound", "解除统一身份", "Identity unbound"),
    ("organisation.created", "新建组织", "Organisation made"),
    ("body.suspended", "暂停承检机构", "Body suspended"),
    ("body.suspension_lifted", "解除暂停", "Suspension lifted"),
    (
        "enrolment_code.created",
        "生成登记码",
        "Enrolment code made",
    ),
    ("device.enrolled", "登记设备", "Device enrolled"),
    (
        "device.enrolled_again",
        "再次登记设备",
        "Device enrolled again",
    ),
    ("device.revoked", "作废设备", "Device revoked"),
    (
        "device.taken_back",
        "设备随备份恢复而作废",
        "Device taken back by a restore",
    ),
    (
        "device.agreement_key",
        "设备更换协商密钥",
        "Device changed its agreement key",
    ),
    ("device.push_token_put", "登记推送标识", "Push token noted"),
    (
        "device.push_token_removed",
        "移除推送标识",
        "Push token removed",
    ),
    ("device.push_token_gone", "推送标识失效", "Push token gone"),
    (
        "device.wake_given_up",
        "放弃唤醒设备",
        "Waking a device given up",
    ),
    ("signer.enrolled", "登记签名人", "Signer enrolled"),
    (
        "signer.taken_back",
        "签名人随备份恢复而作废",
        "Signer taken back by a restore",
    ),
    ("certificate.renewed", "更新证书", "Certificate renewed"),
    (
        "certificate.taken_back",
        "证书随备份恢复而作废",
        "Certificate taken back by a restore",
    ),
    (
        "server_key.announced",
        "公布服务器密钥",
        "Server key announced",
    ),
    ("server_key.revoked", "作废服务器密钥", "Server key revoked"),
    ("campaign.put", "登记抽查计划", "Campaign put"),
    ("task.created", "新建任务", "Task made"),
    ("task.changed", "更改任务", "Task changed"),
    ("task.approved", "批准任务", "Task approved"),
    ("task.assigned", "下达任务", "Task assigned"),
    ("task.reassigned", "改派任务", "Task reassigned"),
    ("task.cancelled", "取消任务", "Task cancelled"),
    ("task.disclosed", "公开任务", "Task disclosed"),
    ("task.recused", "任务回避", "Recusal from a task"),
    ("task.recusal_lifted", "解除回避", "Recusal lifted"),
    ("tasks.exported", "导出任务", "Tasks exported"),
    ("team.roster", "更改抽样组成员", "Team's people changed"),
    ("notice.issued", "签发抽样通知书", "Sampling notice issued"),
    ("re_entry.granted", "准许再次进门", "Re-entry granted"),
    ("re_entry.taken_back", "撤回再次进门", "Re-entry taken back"),
    ("enterprise.put", "登记企业信息", "Enterprise put"),
    (
        "enterprise.aliased",
        "并入企业编号",
        "Key of an enterprise merged",
    ),
    ("enterprise.unaliased", "撤销并入编号", "Merged key undone"),
    ("product_rule.put", "登记实施细则", "Product rule put"),
    ("rulebook.published", "发布规则手册", "Rulebook published"),
    ("import.done", "导入文件", "File imported"),
    ("lease.taken", "占用企业", "Lease taken"),
    ("lease.released", "释放占用", "Lease released"),
    ("lease.taken_back", "收回占用", "Lease taken back"),
    (
        "change.admitted",
        "放行隔离的变更",
        "Quarantined change admitted",
    ),
    (
        "change.equivocation",
        "同一序号出现两项变更",
        "Two changes under one number",
    ),
    ("ruling.decided", "作出裁定", "Ruling decided"),
    ("evidence.reviewed", "审查影像", "Evidence reviewed"),
    ("evidence.read", "查看影像原件", "Original of evidence read"),
    ("form.read", "查看表格", "Form read"),
    ("sample.refused", "拒收样品", "Sample refused"),
    ("visit.exported", "导出卷宗", "Dossier exported"),
    ("visit.export_read", "下载卷宗", "Dossier read"),
    ("visits.exported", "导出检查记录", "Visits exported"),
    ("figures.exported", "导出统计", "Figures exported"),
    (
        "not_sampled.exported",
        "导出未抽样记录",
        "Not-sampled records exported",
    ),
    ("publicity.delivered", "报送信用公示", "Publicity delivered"),
    (
        "publicity.delivered_twice",
        "信用公示重复报送",
        "Publicity delivered twice",
    ),
];

/// What subjects are, by what stands before their id.
const KINDS: &[(&str, &str, &str)] = &[
    ("alias", "并入的编号", "Merged key"),
    ("campaign", "抽查计划", "Campaign"),
    ("case", "案件", "Case"),
    ("device", "设备", "Device"),
    ("document", "检查", "Visit"),
    ("enterprise", "企业", "Enterprise"),
    ("entry", "进门", "Entry"),
    ("evidence", "影像", "Evidence"),
    ("figures", "统计", "Figures"),
    ("form", "表格", "Form"),
    ("import", "导入", "Import"),
    ("lease", "占用", "Lease"),
    ("organisation", "组织", "Organisation"),
    ("product_rule", "实施细则", "Product rule"),
    ("publicity_message", "信用公示", "Publicity"),
    ("re_entry_grant", "再次进门", "Re-entry"),
    ("refusal", "拒检", "Refusal"),
    ("rulebook", "规则手册", "Rulebook"),
    ("ruling", "裁定", "Ruling"),
    ("sample", "样品", "Sample"),
    ("sampling_notice", "抽样通知书", "Sampling notice"),
    ("server_key", "服务器密钥", "Server key"),
    ("session", "登录", "Session"),
    ("task", "任务", "Task"),
    ("tasks", "任务", "Tasks"),
    ("team", "抽样组", "Team"),
    ("user", "用户", "User"),
    ("visit", "检查", "Visit"),
    ("visits", "检查记录", "Visits"),
];

/// What people do with cases (`case.…`).
const CASE: (&str, &str) = ("办理案件", "Case worked on");

fn find(
    table: &[(&'static str, &'static str, &'static str)],
    language: Language,
    name: &str,
) -> Option<&'static str> {
    let found = table.iter().find(|(of, ..)| *of == name);
    found.map(|(_, zh, en)| language.pick(zh, en))
}

/// An act in words; none of one that nobody has put into words.
pub fn act(language: Language, act: &str) -> Option<&'static str> {
    match act.starts_with("case.") {
        true => Some(language.pick(CASE.0, CASE.1)),
        false => find(ACTS, language, act),
    }
}

/// Acts to choose from, as the trail and as people call them.
pub fn all(language: Language) -> impl Iterator<Item = (String, String)> {
    let named = ACTS.iter();
    named.map(move |(act, zh, en)| ((*act).to_owned(), language.pick(zh, en).to_owned()))
}

/// What a subject is, by what stands before its id.
pub fn kind(language: Language, kind: &str) -> Option<&'static str> {
    find(KINDS, language, kind)
}
