//! The words of the console's pages (界面用语), in one table: Chinese first, English beside it, so that neither can be
//! forgotten. What a code, a rule, a state or a reason is called stands where the code stands and is not repeated here.
//! A word with something to fill in has it in braces: `fill(w.files_waiting, "n", 3)`.

macro_rules! words {
    ($($(#[doc = $doc:literal])? $name:ident: $zh:literal, $en:literal;)*) => {
        /// The words of one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "a word says itself what it is")]
        pub struct Words { $(pub $name: &'static str,)* }
        /// 简体中文.
        pub const ZH: Words = Words { $($name: $zh,)* };
        /// English.
        pub const EN: Words = Words { $($name: $en,)* };
        /// Every word by its name, in both languages.
        pub const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $zh, $en),)*];
    };
}

words! {
    // Everywhere.
    product: "封样", "Fieldseal";
    product_line: "产品质量监督抽查", "product-quality supervision sampling";
    skip_to_content: "跳到正文", "Skip to content";
    navigation: "主导航", "Main navigation";
    language_name: "中文", "English";
    other_language: "English", "中文";
    log_in: "登录", "Log in";
    log_out: "退出登录", "Log out";
    logged_in_as: "当前用户", "Logged in as";
    shanghai_time: "北京时间", "Shanghai time";
    required: "必填", "required";
    save: "保存", "Save";
    cancel: "取消", "Cancel";
    back: "返回", "Back";
    yes: "是", "yes";
    no: "否", "no";
    none: "无", "none";
    unknown: "未知", "unknown";
    next_page: "下一页", "Next page";
    previous_page: "上一页", "Previous page";
    first_page: "回到第一页", "First page";
    updated_live: "内容变化时自动更新", "Updates by itself when something changes";
    live_over: "登录已过期，本页不再更新；已填写的内容会保留，提交并重新登录后可继续", "Your login has expired and this page is not updated; what you typed is kept: send it, log in, and go on";
    connection_lost: "实时连接中断，正在重连；可刷新页面", "Live connection lost, trying again; reload to be sure";

    // Coming in and going out.
    username: "用户名", "User name";
    password: "密码", "Password";
    log_in_at_provider: "通过本单位统一身份认证登录", "Log in with your organisation's provider";
    login_wrong: "用户名或密码不正确。", "The user name or password is wrong.";
    login_disabled: "该账号已停用，请联系管理员。", "This account is disabled; ask your administrator.";
    login_too_many: "尝试次数过多，请稍后再试。", "Too many attempts; wait a while and try again.";
    login_over: "登录已过期，请重新登录。", "Your login has expired; log in again.";
    login_kept: "您填写的内容已保留，登录后可继续提交。", "What you typed is kept; after logging in you can send it.";
    login_not_kept: "上传的文件不能保留，登录后请重新选择。", "Files are not kept; choose them again after logging in.";
    kept_title: "继续提交", "Send what you typed";
    kept_intro: "您在登录过期前填写了以下内容，请核对后提交。", "You typed this before your login expired. Check it, then send it.";
    kept_send: "提交", "Send";
    kept_leave: "不提交，返回首页", "Do not send; go to the start page";
    hidden_value: "（不显示）", "(not shown)";

    // The first run.
    setup_title: "首次设置", "First run";
    setup_intro: "系统中还没有任何用户。请输入服务器日志中的一次性口令，建立第一位管理员。", "There is nobody here yet. Enter the one-time token from the server's log and make the first administrator.";
    setup_token: "一次性口令", "One-time token";
    setup_token_hint: "启动 fieldseal serve 时打印在日志中，一小时内有效，只能使用一次。过期后刷新本页，日志中会打印新的口令。", "Printed in the log when fieldseal serve starts; good for an hour and for one use. After that reload this page, and a new one is printed.";
    setup_authority: "组织抽查部门名称", "Name of the authority";
    setup_region: "行政区划代码", "Region code";
    setup_region_hint: "六位 GB/T 2260 代码；000000 为全国", "Six digits of GB/T 2260; 000000 is the whole country";
    setup_display_name: "姓名", "Name";
    setup_password_hint: "至少十个字符", "At least ten characters";
    setup_send: "建立管理员", "Make the administrator";

    // Evidence.
    review_title: "影像审查", "Evidence review";
    review_begin: "开始审查", "Begin";
    review_state: "审查状态", "State of the review";
    review_of_visit: "仅看本次检查：", "Of one visit:";
    review_all_visits: "查看全部检查的影像", "Evidence of all visits";
    review_filter: "筛选", "Filter";
    review_reused_only: "只看疑似重复使用的", "Only pictures found elsewhere too";
    review_waiting: "待办", "Waiting for you";
    review_unreviewed: "待审查", "To be reviewed";
    review_answered: "已补正，待审查", "Answered, to be reviewed";
    review_questioned: "存疑", "Questioned";
    review_accepted: "采信", "Accepted";
    review_rejected: "不采信", "Rejected";
    review_all: "全部", "All";
    review_reused: "疑似重复使用", "Found elsewhere too";
    review_nothing: "没有符合条件的影像。手机上传并核对后会出现在这里；可改选“全部”查看尚未上传的影像。", "No evidence here. It appears once phones have brought it and its bytes are verified; choose All to see what is still on its way.";
    review_previous: "上一件", "Previous";
    review_next: "下一件", "Next";
    review_list: "返回列表", "Back to the list";
    review_done: "已提交，后面没有待审查的影像了。", "Done. Nothing more waits behind this one.";
    review_no_picture: "没有可显示的预览，可打开原件。", "There is no preview; open the original.";
    review_no_picture_yet: "尚无预览：影像还未送达，或正在处理。", "No preview yet: its bytes are still on their way, or being looked at.";
    review_this: "本件", "This piece";
    review_zoom: "放大", "Zoom";
    review_rotate: "旋转", "Rotate";
    review_original: "打开原件（留痕）", "Open the original (leaves a trail)";
    review_dossier: "查看卷宗", "Open the dossier";
    review_others: "相同、相似或相关的影像", "The same, nearly the same, and related pictures";
    review_compare: "并排比对", "Compare side by side";
    review_open: "打开", "Open";
    review_same: "文件相同", "The same file";
    review_near: "几乎相同", "Nearly the same";
    review_elsewhere: "另有您无权查看的检查中的相同影像：", "More of them under visits that you do not see:";
    review_supplement: "补充影像", "Supplementary picture";
    review_supplemented: "被补充的影像", "The picture that it supplements";
    review_decide: "审查结论", "Decision";
    review_verdict: "结论", "Verdict";
    review_accept: "采信", "Accept";
    review_question: "存疑", "Question";
    review_reject: "不采信", "Reject";
    review_reason: "理由", "Reason";
    review_reason_hint: "存疑和不采信须写明理由，将下发到抽样人员的手机。", "Must be said where you question or reject; it goes to the samplers' phones.";
    review_reason_keys: "常用理由", "a usual reason";
    review_reason_blurred: "影像模糊，看不清", "Blurred, cannot be made out";
    review_reason_other: "与产品或标签不符", "Does not show this product or label";
    review_reason_reused: "疑似重复使用的影像", "Looks like a picture used before";
    review_reason_time: "时间或地点不符", "Time or place does not fit";
    review_reason_part: "缺少关键内容", "What matters is not in it";
    review_send: "提交并看下一件", "Send and go on";
    review_manifest: "清单与文件比对", "Manifest against bytes";
    review_in_manifest: "清单", "Manifest";
    review_in_bytes: "文件", "Bytes";
    review_compared: "比对", "Compared";
    review_type: "类型", "Type";
    review_time: "时间", "Time";
    review_place: "地点", "Place";
    review_device: "设备", "Device";
    review_size: "大小", "Size";
    review_agrees: "未见不符", "Nothing against it";
    review_differs: "不符", "Differs";
    review_untold: "文件未记载", "Not told by the bytes";
    review_findings: "规则提示", "What the rules say";
    review_history: "审查与补正", "Decisions and answers";
    review_no_history: "尚无审查结论。", "Nobody has decided yet.";
    review_answer: "补正", "Answer";
    review_late: "事后", "Late";
    review_keys: "快捷键", "Keys";
    review_leave_field: "离开输入框", "Leave the field";

    // What persons decide.
    adjudication_title: "裁定", "Adjudication";
    adjudication_entry: "进门", "Entry";
    adjudication_sample: "样品", "Sample";
    adjudication_nothing: "没有待裁定的进门或样品。规则不能自行判断的会出现在这里。", "Nothing waits for a decision. What the rules cannot settle appears here.";
    adjudication_what: "事项", "What";
    adjudication_enterprise: "受检单位", "Enterprise";
    adjudication_outcome: "结论", "Outcome";
    adjudication_back: "返回待裁定列表", "Back to the list";
    adjudication_decided: "裁定已记录，相关结论已重新计算；手机将在下次同步时得知。", "Decided. What depends on it was ruled anew; phones learn it at their next sync.";
    adjudication_partly: "有一部分相关记录在您无权查看的检查中，此处只列出您能看到的。", "Some of the records lie in visits that you do not see; only those that you see are here.";
    adjudication_sides: "并列比对", "Side by side";
    adjudication_record: "记录", "Record";
    adjudication_asked: "本项", "This one";
    adjudication_decide_other: "裁定这一项", "Decide this one";
    adjudication_why: "规则与依据", "Rule and article";
    adjudication_proposal: "规则建议：", "What the rulebook would say:";
    adjudication_no_proposal: "规则没有建议，须由人判断。", "It proposes nothing; a person must judge.";
    adjudication_proposed: "建议", "proposed";
    adjudication_decide: "作出裁定", "Decide";
    adjudication_its_sample: "该次进门的样品", "Sample of this entry";
    adjudication_validity: "样品结论", "Validity of the sample";
    adjudication_leave: "由规则认定", "Leave it to the rules";
    adjudication_disposal: "样品处理", "What becomes of the sample";
    adjudication_undecided: "未定", "Not decided";
    adjudication_returned: "退还企业", "Returned to the enterprise";
    adjudication_paid_for: "付费购买", "Paid for";
    adjudication_kept: "留存", "Kept";
    adjudication_make_up: "任务是否补样", "Whether the quota gets a make-up sample";
    adjudication_make_up_owed: "任务补样", "The quota gets a make-up sample";
    adjudication_no_make_up: "任务不补样", "No make-up sample";
    adjudication_send: "提交裁定", "Send the decision";
    adjudication_entered: "声明的进门时间", "Claimed time of entry";
    adjudication_proven: "可证明的时间", "Proven time";
    adjudication_team: "抽样组", "Team";
    adjudication_samplers: "抽样人员", "Samplers";
    adjudication_notice: "通知书编号", "Notice";
    adjudication_place: "地点", "Place";
    adjudication_drew: "已抽样品", "Drew samples";
    adjudication_sheet_no: "抽样单编号", "Sheet";
    adjudication_sampled: "抽样时间", "Time of sampling";
    adjudication_producer: "标称生产者", "Producer";
    adjudication_standards: "执行标准", "Standards";
    adjudication_trademark: "商标", "Trademark";
    adjudication_spec_model: "规格型号", "Specification";
    adjudication_lot_no: "批号", "Lot";
    adjudication_signers: "签字人员", "Signed by";
    adjudication_seals: "封条号", "Seals";

    // Refusals and reports.
    cases_title: "拒检与现场报告", "Refusals and reports";
    cases_queue: "队列", "Queue";
    cases_waiting: "待确认、待接收", "Waiting";
    cases_mine: "我经手的", "Mine";
    cases_overdue: "临期和逾期", "Due soon or overdue";
    cases_to_decide: "待认定", "To decide";
    cases_to_hand_over: "待移交", "To hand over";
    cases_to_dispose: "待处置", "At the case office";
    cases_all: "全部", "All";
    cases_near: "按距离排序：纬度,经度", "Nearest first: latitude,longitude";
    cases_near_hint: "WGS-84 坐标；“全部”队列只按时间排序", "WGS-84; the queue of all cases goes by time alone";
    cases_near_wrong: "坐标不是有效的纬度、经度。", "This is no latitude and longitude.";
    cases_nothing: "这个队列里没有线索。抽样人员签字的拒检和现场报告会出现在这里。", "This queue is empty. Refusals and reports that samplers have signed appear here.";
    cases_nothing_office: "这个队列里没有线索。移交到贵单位的现场报告会出现在这里。", "This queue is empty. Reports that are handed over to your organisation appear here.";
    cases_kind: "种类", "Kind";
    cases_state: "状态", "State";
    cases_since: "发生时间", "Since";
    cases_due: "期限", "Due";
    cases_is_overdue: "已逾期", "overdue";
    cases_distance: "距离", "Distance";
    cases_holder: "经办人", "Taken by";
    cases_nobody: "无人领办", "Nobody";
    cases_case: "线索", "Case";
    cases_detail: "情形", "Circumstances";
    cases_product: "产品", "Product";
    cases_uscc: "统一社会信用代码", "Credit code";
    cases_what: "办理", "What to do";
    cases_take: "领办", "Take it";
    cases_give_back: "退回", "Give it back";
    cases_receive: "接收报告", "Receive the report";
    cases_hand_over: "移交案件机构", "Hand it over to the case office";
    cases_dispose: "登记处置结果", "Say what became of it";
    cases_receipt_no: "回执编号", "Receipt number";
    cases_note: "说明", "Note";
    cases_office_id: "移交单位", "Case office";
    cases_office: "名录外的移交单位名称", "Name of an office that is not in the list";
    cases_office_other: "不在名录中", "Not in the list";
    cases_office_hint: "从名录选择后，该单位人员即可看到本线索；不在名录中的写明名称。", "People of an office that is chosen from the list see the case from then on; otherwise write its name.";
    cases_result: "处置结果", "What became of it";
    cases_reference_no: "文书编号", "Reference number";
    cases_may_nothing: "目前没有您可以办理的事项。", "There is nothing that you can do with it now.";
    cases_decisions: "认定", "What was decided";
    cases_no_acts: "尚无办理记录。", "Nothing has been done yet.";
    cases_decide: "作出认定", "Decide what it is";
    cases_confirmed: "确认拒检", "Confirmed";
    cases_not_established: "不成立", "Not established";
    cases_resolved: "已配合抽样", "Resolved, sampled";
    cases_done: "办理记录", "What was done";
    cases_taken: "领办", "Taken";
    cases_given_back: "退回", "Given back";
    cases_received: "接收", "Received";
    cases_handed_over: "移交", "Handed over";
    cases_disposed: "处置", "Disposed of";
    cases_proofs: "现场确认及其证明", "Confirmations on site, and what proves them";
    cases_no_proof: "尚无现场确认。执法人员在手机上确认并同步后会出现在这里。", "No confirmation yet. It appears when an officer has confirmed on a phone and synced.";
    cases_unsealed: "未签字，不计入", "Not sealed; counts for nothing";
    cases_place: "距进门地点", "Distance from the entry";
    cases_no_place: "没有可用的定位", "no position that counts";
    cases_confirmed_at: "确认时间", "Time of the confirmation";
    cases_happened: "拒检时间", "Time of the refusal";
    cases_together: "到场互签", "Co-signatures on site";
    cases_officers: "执法人员与证号", "Officers and certificates";
    cases_measures: "处置", "Measures";
    cases_opinion: "意见", "Opinion";
    cases_opinions: "复核意见数", "Second opinions";

    // Errors.
    error_code: "代码", "Code";
    error_request: "请求编号", "Request id";
    error_fields: "涉及的内容", "What it is about";
    error_detail: "详细信息", "Details";
    returned_kept: "未能完成；您填写的内容仍在下方，请更正后重新提交。", "It was not done. What you typed is still there: correct it and send it again.";
    error_home: "返回首页", "Go to the start page";
    error_next: "下一步", "What to do next";
    next_log_in: "请重新登录后再试。", "Log in again, then try once more.";
    next_ask_admin: "如果您需要此权限，请联系管理员。", "If you need this, ask your administrator.";
    next_check_address: "请检查网址，或从导航中重新进入；内容也可能不在您的管辖范围内。", "Check the address, or start from the navigation; it may also lie outside what you may see.";
    next_reload: "内容可能已被他人更改。请返回并刷新后再试。", "Somebody may have changed it. Go back, reload and try again.";
    next_correct: "请返回并更正所列内容。", "Go back and correct what is listed.";
    next_wait: "请稍候再试；已提交的内容不会丢失。", "Wait a moment and try again; nothing that was saved is lost.";
    next_own_page: "请从本系统的页面提交。", "Send it from a page of this system.";
    next_tell_operator: "请将请求编号告知系统运维人员。", "Tell your operator the request id.";

    // Today.
    today: "今日", "Today";
    today_late: "已逾期或即将到期", "Late, or due soon";
    today_late_none: "没有逾期的案件；临近期限的会提前列在此处。", "No case is late; what is due soon shows here in good time.";
    today_late_tasks: "逾期的抽查任务", "Late tasks";
    today_late_tasks_none: "没有逾期的抽查任务；过了截止日期仍未抽满批次的显示在此。", "No task is late; those past their day whose batches are not all sampled show here.";
    today_questioned: "被质疑的影像，待答复", "Questioned evidence that waits for an answer";
    today_questioned_none: "没有待答复的影像；审查人员提出疑问的显示在此。", "Nothing waits for your answer; evidence that a reviewer questions shows here.";
    today_rejected: "被退回的影像，待补充", "Rejected evidence that waits for another";
    today_rejected_none: "没有待补充的影像；审查人员退回的显示在此。", "Nothing is to be brought again; evidence that a reviewer rejects shows here.";
    today_waiting: "待处理的案件", "Cases that wait";
    today_waiting_none: "没有待处理的拒检或现场报告；抽样人员上报后显示在此。", "No refusals or reports wait; they show here once samplers report them.";
    today_decide: "待认定的拒检", "Refusals to decide";
    today_decide_none: "没有待认定的拒检；上报后须由人认定的显示在此。", "No refusals are to be decided; those that a person must decide show here.";
    today_hand_over: "待移交的报告", "Reports to hand over";
    today_hand_over_none: "没有待移交的报告；受理后须移交的显示在此。", "No reports are to be handed over; they show here once they are received.";
    today_dispose: "待处置的移交报告", "Reports at the case office";
    today_dispose_none: "没有待处置的报告；移交到案件机构的显示在此。", "No reports wait at the case office; they show here once they are handed over.";
    today_mine: "我办理的案件", "My cases";
    today_mine_none: "您尚未领取案件。", "You have not taken a case.";
    today_contested: "有争议的进门", "Contested entries";
    today_contested_none: "没有需要裁定的进门；规则不能判断先后的显示在此。", "No entries are contested; those that the rules cannot order show here.";
    today_unruled: "需要裁定的样品", "Samples that need a ruling";
    today_unruled_none: "没有需要裁定的样品；规则不能判断的显示在此。", "No samples need a ruling; what the rules cannot settle shows here.";
    today_aside: "被隔离的变更", "Quarantined changes";
    today_aside_none: "没有被隔离的变更；无权填写或设备作废后的变更显示在此，等待放行。", "Nothing is quarantined; changes of who may not write, or of a revoked phone, show here until they are let in.";
    today_review: "待审查的影像", "Evidence to review";
    today_review_none: "没有待审查的影像；手机上传并核对后显示在此。", "No evidence waits for a review; it shows here once phones have brought it.";
    today_missing: "影像尚未齐全的检查", "Visits whose evidence is not complete";
    today_missing_none: "所有影像均已核对。", "All evidence is verified.";
    today_came: "最近的检查", "Latest visits";
    today_came_none: "尚无检查记录；创建抽查批次和任务并登记设备后，手机同步的记录显示在此。", "No visits yet: make campaigns and tasks and enrol phones; what they sync shows here.";
    today_work: "我的后台工作", "My work under way";
    today_reruling: "{what}：更改后的重新认定", "{what}: ruled again after a change";
    work_goes_on: "进行中", "Under way";
    work_ended: "已结束", "Ended";
    today_rerule: "重新认定：{done} / {all} 项", "Ruling again: {done} of {all}";
    today_ruled: "已重新认定 {all} 项", "Ruled again: {all}";
    rerule_leave: "可以离开本页，重新认定会继续；从“今日”可回到这里。", "You may leave this page and it goes on; come back from Today.";
    today_more: "查看全部", "See all";
    overdue: "逾期", "overdue";
    due_by: "期限 {at}", "due {at}";

    // The dossier of a visit.
    visit: "检查", "visit";
    entry: "进门", "entry";
    sample: "样品", "sample";
    refusal: "拒检", "refusal";
    uscc: "统一社会信用代码", "USCC";
    region: "行政区划", "Region";
    campaign: "抽查批次", "Campaign";
    body: "承检机构", "Inspection body";
    team: "抽样组", "Team";
    entered: "进门时间", "Entered";
    waits_heading: "需要处理", "What waits for a person";
    waits_contested: "待裁定的进门：{what}", "Contested: {what}";
    waits_ruling: "需要裁定：{what}", "Needs a ruling: {what}";
    waits_review: "{n} 件影像待审查", "{n} pieces of evidence to review";
    waits_missing: "{n} 件影像尚未到齐", "{n} pieces of evidence are not here";
    missing_heading: "尚未到齐的影像", "Evidence that is not here";
    missing_next: "影像还在拍摄者的手机上：请其联网并打开应用，上传会自动继续。", "It is still on the phone that took it: ask them to go online and open the app; it goes on sending by itself.";
    waits_conflicts: "{n} 处填写冲突尚未解决", "{n} open conflicts of values";
    waits_aside: "{n} 项变更被搁置（暂缓或隔离）", "{n} changes lie aside (held or quarantined)";
    contents: "本页内容", "On this page";
    story: "时间线", "Timeline";
    story_fields: "所填内容", "What was written";
    story_online: "联网记录", "recorded online";
    story_offline: "离线记录，{late}后送达", "recorded offline, came {late} later";
    story_received: "服务器收到：{at}", "reached the server {at}";
    story_admitted: "（经人批准采信）", " (admitted by a person)";
    story_enterprise: "记录受检单位", "Enterprise recorded";
    story_arrival: "进门", "Walked in";
    story_sheet: "填写抽样单", "Sampling sheet written";
    story_seal: "封样签字", "Sealed and signed";
    story_evidence: "登记影像", "Evidence listed";
    story_refusal: "记录拒检", "Refusal recorded";
    story_not_sampled: "未抽到样品", "Nothing sampled";
    story_report: "现场报告", "On-site report";
    story_suspension: "中止抽样", "Sampling suspended";
    story_recusal: "回避声明", "Recusal declared";
    story_prior: "他处抽样声明", "Prior sampling claimed";
    story_notes: "备注", "Notes";
    story_amendment: "补正", "Amendment";
    story_other: "其他记录", "Other record";
    story_ruling: "裁定", "Ruled";
    story_decision: "人工裁定", "Decided by a person";
    story_receipt: "实验室收样", "Laboratory receipt";
    story_testing: "开始检验", "Testing started";
    story_service: "结果送达", "Result served";
    story_confirmation: "执法人员现场确认", "Confirmed on site by enforcement";
    does_not_count: "不计入", "does not count";
    engine: "规则引擎", "rule engine";
    version_of: "第 {n} 版", "version {n}";
    versions_before: "先前的版本", "Earlier versions";
    ruled_none: "已核查", "looked at";
    findings: "裁定依据", "Findings";
    finding: "规则提示", "Finding";
    no_findings: "没有规则提示。", "No rule has anything to say.";
    severity_fatal: "严重", "fatal";
    severity_notice: "提示", "notice";
    severity_other: "违反", "violation";
    not_ruled: "尚未裁定", "not ruled yet";
    rulebook_used: "规则手册", "Rulebook";
    entries: "进门记录", "Entries";
    no_entries: "尚无进门记录；抽样人员的手机同步后显示在此。", "Nobody has walked in yet; it shows here once the samplers' phones sync.";
    proven_between: "可证明的时间范围：", "Proven to lie ";
    time_contradicts: "所称时间与可证明的范围矛盾", "the claimed time contradicts what is proven";
    notice_shown: "出示通知书 {no} 和证件", "notice {no} and identification shown";
    notice_not_shown: "未出示证件（通知书 {no}）", "identification not shown (notice {no})";
    samples: "抽样单与样品", "Sheets and samples";
    no_samples: "尚无抽样单；抽样人员在手机上填写并同步后显示在此。", "There are no sheets yet; they show here once samplers have filled them in and synced.";
    sealed: "已封存", "sealed";
    not_sealed: "未封存", "not sealed";
    seals: "封样与签字", "Seals and signatures";
    seal_digest: "封存摘要", "Digest of the seal";
    party_signed: "受检单位已签字", "the party signed";
    party_refused: "受检单位拒签，有见证", "the party refused to sign, before a witness";
    party_missing: "受检单位未签字", "the party has not signed";
    faults: "不符之处", "Faults";
    amendments: "封存后的补正", "Changed beside the seal";
    amendments_hint: "封存内容不变；补正列于其旁。", "What was sealed stays as it was; changes stand beside it.";
    amendment_signed: "已签字补正", "signed amendment";
    amendment_bare: "未签字的改动", "unsigned change";
    field: "项目", "Field";
    as_sealed: "封存内容", "As sealed";
    as_changed: "补正内容", "As changed";
    sampled_party: "受检单位", "Sampled party";
    producer: "标称生产者", "Named producer";
    standards: "执行标准", "Standards";
    spec_model: "规格型号", "Model";
    trademark: "商标", "Trademark";
    grade: "等级", "Grade";
    production_date: "生产日期", "Produced on";
    lot_no: "批号", "Lot";
    lot_base: "抽样基数", "Lot size";
    test_qty: "抽样数量", "Test quantity";
    spare_qty: "备样量", "Spare quantity";
    seal_numbers: "封条号", "Seal numbers";
    sampling_kind: "抽查类别", "Kind of sampling";
    channel: "抽查环节", "Channel";
    remarks: "备注", "Remarks";
    print_form: "打印表格", "Print the form";
    print_bilingual: "中英对照", "with English";
    records: "拒检、未抽到样品、现场报告", "Refusals, nothing sampled, reports";
    on_site_report: "现场报告", "on-site report";
    kind: "情形", "Kind";
    facts_found: "事实认定", "Facts";
    product_sampled: "产品", "Product";
    witness: "见证人", "Witness";
    consequence: "已告知后果", "Consequence explained";
    recorded_by: "记录人", "Recorded by";
    proofs: "现场确认的证明", "What proves the confirmation";
    officers: "执法人员", "Officers";
    outcome: "认定", "Outcome";
    confirmed_when: "确认时间", "Confirmed";
    distance_from_entry: "距进门处", "From the entry";
    stood_together: "共同签名", "Co-signed with";
    metres: "{n} 米", "{n} m";
    kilometres: "{n} 公里", "{n} km";
    other_rulings: "对本次检查的裁定", "Rulings on the visit";
    conflicts: "填写冲突", "Conflicts";
    no_conflicts: "没有填写冲突；两部手机填写不一致时，各自的内容并列于此。", "No two phones wrote different values; where they do, both stand here.";
    conflict_open: "未解决", "open";
    conflict_closed: "已重新填写", "written anew since";
    value_shown: "当前显示", "shown";
    value_other: "另一值", "other value";
    aside: "搁置的变更", "What lies aside";
    no_aside: "没有被暂缓或隔离的变更；如有，连同原因列在此处，可由组织抽查部门放行。", "Nothing is held or quarantined; what is stands here with its reason, and the authority lets it in.";
    admit: "采信", "Admit";
    admit_not: "不能放行：要等作者补签，或其内容不安全；原件照样保存", "It cannot be let in: its author's signature is awaited, or its bytes are unsafe. It is kept all the same";
    admit_reason: "采信理由", "Why it is admitted";
    came: "收到", "Came";
    device_used: "设备", "Phone";
    author: "作者", "Author";
    decisions: "人工裁定", "Decisions";
    sketch: "位置示意图", "Sketch of places";
    sketch_hint: "由服务器绘制，不使用外部地图；坐标为 WGS-84。", "Drawn by the server, without any map of others; WGS-84.";
    sketch_none: "没有带坐标的记录。", "Nothing here has a place.";
    sketch_entry: "进门", "Entry";
    sketch_capture: "拍摄", "Pictures";
    sketch_confirmation: "现场确认", "Confirmation";
    sketch_place: "位置", "Place";
    sketch_distance: "距进门处", "From the entry";
    sketch_accuracy: "精度", "Accuracy";
    sketch_uncounted: "不作数（模拟或精度不足）", "does not count (made up, or too vague)";
    evidence: "影像证据", "Evidence";
    no_evidence: "清单中没有影像；抽样人员在手机上拍摄并同步后显示在此。", "The manifest names no evidence; what samplers capture shows here once they sync.";
    open_original: "查看原件", "Open the original";
    no_picture: "暂无预览", "no preview yet";
    who: "人员", "Who";
    decided_at: "时间", "When";

    // Visits, figures, running the house.
    search: "查询", "Search";
    visits_of: "只列出该企业的检查：{what}", "Only visits to {what}";
    visits_of_all: "列出所有企业", "Visits to all";
    clear_search: "清除条件", "Clear";
    yuan: "元", "CNY";
    any: "不限", "any";
    filter_unseen: "{what}（不在您可选的范围内）", "{what} (none of what you may choose from)";
    more_conditions: "更多条件", "More conditions";
    visits: "检查记录", "Visits";
    visits_search: "查询检查记录", "Search visits";
    visits_none_found: "没有符合条件的检查记录。请放宽条件，或清除条件后重试。", "No visit fits. Ask for less, or clear the search.";
    visits_none_yet: "还没有检查记录。下达任务并登记手机后，抽样人员同步的记录会出现在这里。", "There is no visit yet. Assign tasks and enrol phones; what samplers sync appears here.";
    visit_state: "状态", "State";
    enterprise_name: "企业名称", "Enterprise";
    sheet_no: "抽样单编号", "Sheet number";
    product_name: "产品名称", "Product";
    from_day: "起始日期", "From";
    to_day: "截止日期", "To";
    standing: "进门认定", "Standing of entry";
    validity: "样品认定", "Validity of sample";
    rule: "适用规则", "Rule";
    campaigns: "抽查计划", "Campaigns";
    region_code: "行政区划", "Region";
    region_codes: "行政区划代码", "Region codes";
    evidence_complete: "已齐全", "complete";
    evidence_missing: "未齐全", "incomplete";
    evidence_none: "未登记影像", "none listed";
    entered_at: "进门时间", "Entered";
    not_entered: "未进门", "not entered";
    export_these: "导出为表格", "Export as a table";
    figures: "统计", "Figures";
    figures_by: "分组方式", "By";
    figures_by_none: "没有“{what}”这种分组方式，未作统计。可按以下方式分组：", "Nothing is counted by “{what}”. It may be counted by:";
    figures_count: "统计", "Count";
    figures_none: "所选范围内还没有检查记录。请放宽条件。", "There is nothing to count here. Ask for less.";
    figures_note: "按检查记录的日期统计；影像按已核对的件数计算。", "By the day of the visit; evidence by pieces that are verified.";
    figure_entries: "进门次数", "Entries";
    figure_samples: "已封样抽样单", "Sealed sheets";
    figure_refusals: "拒检", "Refusals";
    figure_confirmed: "已确认拒检", "Confirmed refusals";
    figure_not_sampled: "未抽到样品", "Not sampled";
    figure_prevented: "避免的重复", "Duplicates prevented";
    figure_found: "发现的重复", "Duplicates found";
    figure_evidence: "影像齐全率", "Evidence complete";
    figure_cut: "图中为 {shown} / {n} 项；全部见上表", "{shown} of {n}; all are in the table";
    figure_unnamed: "（未注明）", "(not told)";
    figure_total: "合计", "Total";
    month: "月份", "Month";
    name: "名称", "Name";
    category: "类别", "Kind";
    number: "编号", "Number";
    state: "状态", "State";
    since: "时间", "Since";
    at: "时间", "When";
    reason: "理由", "Reason";
    person: "人员", "Person";
    source: "来源", "Source";
    version: "版本", "Version";
    never: "从未", "never";
    address: "地址", "Address";
    above: "上级组织", "Above it";
    organisation: "所属组织", "Organisation";
    organisations: "组织机构", "Organisations";
    organisations_none: "还没有组织机构。请先建立组织抽查部门和承检机构。", "There is no organisation yet. Make an authority and an inspection body first.";
    organisation_make: "新建组织", "Make an organisation";
    users: "用户", "People";
    users_none: "还没有用户。请先建立组织机构，再在此新建用户。", "There is nobody yet. Make an organisation, then its people here.";
    user_make: "新建用户", "Make a user";
    user_active: "启用", "active";
    user_off: "已停用", "switched off";
    user_switch_off: "停用该用户", "Switch this user off";
    user_switch_on: "启用该用户", "Switch this user on";
    password_new: "重设密码", "Set a new password";
    roles: "角色", "Roles";
    regions_hint: "六位代码，用逗号分隔；不填则为其组织的区划", "Six digits each, with commas; empty is the organisation's own";
    certificate_no: "执法证号", "Officer's certificate number";
    certificate_no_new: "更改执法证号", "Another certificate number";
    device: "设备", "Device";
    devices: "设备", "Devices";
    devices_intro: "点开设备可查看同步诊断，并可作废丢失的设备。", "Open a device for its sync doctor, or to revoke it when it is lost.";
    devices_none: "还没有登记的设备。请在用户页面选择人员，再登记其手机。", "No phone is enrolled. Choose somebody among the people, then enrol their phone.";
    device_enrol: "登记手机", "Enrol a phone";
    device_enrol_whose: "为用户登记手机", "Enrol somebody's phone";
    device_trusted: "有效", "trusted";
    device_revoked: "已作废", "revoked";
    device_revoke: "作废该设备", "Revoke this device";
    device_revoke_hint: "作废后其登录结束，此后发来的内容将被隔离；不能撤销", "Its sessions end, and what it sends from then on is quarantined; it cannot be undone";
    enrolled_at: "登记时间", "Enrolled";
    revoked_at: "作废时间", "Revoked";
    last_seen: "最近在线", "Last seen";
    received_at: "收到时间", "Received";
    doctor: "未通过的内容", "What is not through";
    change: "变更", "Change";
    doctor_none: "该设备发来的内容均已收下。手机上未发出的内容请在手机的同步诊断中查看。", "All that this device has sent is in. What it has not sent yet its own sync doctor shows.";
    enrolment_intro: "在手机上打开封样，扫描二维码，或输入服务器地址和登记码。此码只显示这一次，只能使用一次。", "Open Fieldseal on the phone and read the code, or type the server and the code. It is shown this once and works once.";
    enrolment_server: "服务器", "Server";
    enrolment_code: "登记码", "Code";
    enrolment_until: "有效期至", "Good until";
    enrolment_qr: "登记二维码", "QR code for enrolling";
    campaigns_none: "还没有抽查计划。请新建或导入。", "There is no campaign yet. Make or import one.";
    campaign_make: "新建抽查计划", "Make a campaign";
    authority: "组织抽查部门", "Authority";
    tasks: "抽查任务", "Tasks";
    tasks_none: "还没有抽查任务。请先建立抽查计划，再新建或导入任务。", "There is no task yet. Make a campaign, then make or import its tasks.";
    task_make: "新建任务", "Make a task";
    task_approve: "批准任务", "Approve the task";
    task_assign: "下达任务", "Assign the task";
    task_assign_check: "核对并下达", "Check and assign";
    task_assign_anyway: "仍然下达", "Assign all the same";
    task_cancel: "取消任务", "Cancel the task";
    plan_clash: "同一承检机构将在两个抽查计划中进入同一企业（ENTRY1-PLAN）。尚未下达，请核对下列任务。", "The body would enter one enterprise for two campaigns (ENTRY1-PLAN). Nothing is assigned yet; look at these tasks.";
    reassign_hint: "改派时必填", "Needed when it is taken from somebody else";
    team_none: "暂不指定", "none yet";
    teams: "抽样组", "Teams";
    teams_none: "还没有抽样组。请先建立抽查计划和承检机构的用户，再在此组建。", "There is no team yet. Make a campaign and the people of a body, then form one here.";
    team_make: "组建抽样组", "Form a team";
    team_members: "成员", "Members";
    team_members_hint: "勾选该承检机构的抽样人员；改动在其手机下次同步时生效", "Tick people of this body; their phones learn at their next sync";
    team_save: "保存成员", "Save the roster";
    team_nobody: "该组还没有成员。请勾选后保存。", "Nobody is in this team yet. Tick people, then save.";
    quota: "批次数", "Batches";
    due_on: "截止日期", "Due";
    due_on_late: "{day}，已逾期", "{day}, overdue";
    tasks_late: "逾期的", "Late";
    tasks_which: "显示", "Show";
    plan_no: "计划文号", "Plan number";
    target_enterprises: "目标企业", "Enterprises";
    target_hint: "统一社会信用代码，用逗号分隔；不填则由抽样人员在区划内确定", "Credit codes with commas; empty leaves it to the samplers within the regions";
    targets_none: "该任务未指定企业，由抽样人员在区划内确定；新建任务时可填写目标企业。", "This task names no enterprise: samplers choose within its regions. Enterprises are named when a task is made.";
    enterprises: "企业", "Enterprises";
    enterprises_search: "企业名称或统一社会信用代码", "Name or whole credit code";
    enterprises_none: "还没有企业。请导入企业名录或新建。", "There is no enterprise yet. Import a register, or make one.";
    enterprises_none_found: "没有符合条件的企业。可换一个词，或新建。", "No enterprise fits. Try another word, or make one.";
    enterprise_make: "新建企业", "Make an enterprise";
    enterprise_correct: "更正企业信息", "Correct this enterprise";
    enterprise_key: "系统编号", "Key";
    legal_representative: "法定代表人", "Legal representative";
    sites: "厂区", "Sites";
    alias_make: "将另一编号并入该企业", "Let another key stand for this enterprise";
    preview: "查看影响", "Show what it changes";
    was: "{now}（原为 {was}）", "{now} (was {was})";
    alias_from: "被并入的编号", "Key";
    alias_hint: "错误的统一社会信用代码，或手机上生成的编号（device:…）", "A wrong credit code, or a key that a phone made (device:…)";
    enterprise_again: "尚未写入。将重新认定 {visits} 次检查、{doors} 个进门范围、{priors} 条既往抽样。", "Nothing is written yet. It rules {visits} visits, {doors} doors and {priors} prior samplings again.";
    alias_stands: "有效", "stands";
    alias_undone: "已撤销", "undone";
    alias_undo: "撤销并入", "Undo";
    aliases_none: "没有并入该企业的其他编号。编号有误或重复时，由组织抽查部门将其并入。", "No other key stands for this enterprise. Where one is wrong or double, the authority lets it stand for this one.";
    prior_samplings: "既往抽样", "Prior samplings";
    prior_samplings_none: "还没有既往抽样。请新建或从其他系统导入，以便识别重复抽样。", "There is none yet. Record or import what was sampled elsewhere, so that duplicates are known.";
    prior_sampling_make: "登记一次既往抽样", "Record a sampling made elsewhere";
    prior_sampling_hint: "不清楚的内容请留空，不要猜测：缺少识别产品的内容时由人工裁定", "Leave empty what is not known: without what tells products apart a person decides";
    confidence: "可信程度", "How far it is trusted";
    confidence_confirmed: "已核实", "confirmed";
    confidence_reported: "据报告", "reported";
    confidence_uncertain: "不确定", "uncertain";
    enterprise_uscc: "受检单位信用代码", "Credit code of the enterprise";
    producer_uscc: "生产者信用代码", "Credit code of the producer";
    sampled_on: "抽样日期", "Sampled on";
    product_rules: "实施细则", "Product rules";
    product_rules_none: "还没有实施细则。请新建或导入。", "There is none yet. Make or import them.";
    product_rule_make: "新建实施细则或新版本", "Make a product rule, or a new version";
    product_rule_hint: "与现有细则同名则成为新版本，旧版本保留", "Under the name of one that is there it becomes its next version; the old ones stay";
    unit: "计量单位", "Unit";
    method: "抽样方法", "How to draw";
    items: "检验项目", "What to test";
    separated_hint: "多项用逗号分隔", "Several with commas";
    min_base: "最小抽样基数", "Least stock";
    quantities: "检样 + 备样", "Test + spare";
    rulebook: "规则手册", "Rulebook";
    rulebooks: "规则手册", "Rulebooks";
    rulebook_shipped: "随系统发布", "ships with the server";
    rulebook_publish: "发布新版本", "Publish a version";
    rulebook_text: "规则手册内容（TOML）", "Text (TOML)";
    rulebook_hint: "版本号须大于已有版本，生效日期不得早于今日；已有裁定保留其版本", "Its version must be above the last, and its day not before today; what was ruled keeps its version";
    rulebook_compare: "对比", "Compare";
    rulebook_compared: "对比版本", "Compared with";
    effective_from: "生效日期", "In force from";
    line_added: "新增：", "added: ";
    line_removed: "删除：", "removed: ";
    audit: "审计记录", "Audit trail";
    audit_intro: "您所见人员的操作，最新的在前。", "What people did whom you may see, newest first.";
    audit_none: "没有这种操作的记录。请换一种操作，或选择“不限”。", "Nothing of that kind was done. Choose another act, or any.";
    audit_act: "操作", "Act";
    audit_subject: "对象", "Subject";
    import_file: "导入文件", "Import a file";
    import_of: "导入：{what}", "Import: {what}";
    import_intro: "选择 CSV 文件（UTF-8）。先试行，逐行列出问题，不写入任何内容。", "Choose a CSV file (UTF-8). It is tried first: each bad row is named and nothing is written.";
    import_choose: "文件", "File";
    import_text: "文件内容（可在此更正）", "The file (correct it here)";
    import_try: "试行", "Try it";
    import_write: "写入", "Write it";
    import_skip: "仅写入合格的行", "Write the good rows only";
    import_columns: "文件各列", "Columns of the file";
    import_good: "全部合格，尚未写入：将新增 {created} 条，更改 {updated} 条，未变 {unchanged} 条。", "All rows are good and nothing is written yet: {created} new, {updated} changed, {unchanged} as they were.";
    import_bad: "有 {bad} 处问题，未写入任何内容。请更正后再试行。", "{bad} problems; nothing is written. Correct them and try again.";
    import_done: "已写入：新增 {created} 条，更改 {updated} 条，未变 {unchanged} 条。", "Written: {created} new, {updated} changed, {unchanged} as they were.";
    import_done_but: "已写入合格的行：新增 {created} 条，更改 {updated} 条，未变 {unchanged} 条；有 {bad} 处问题的行未写入。", "The good rows are written: {created} new, {updated} changed, {unchanged} as they were; {bad} problems are left.";
    import_failed: "未能完成。", "It did not come to its end.";
    import_waiting: "已收下文件，等待处理", "The file is taken and waits its turn";
    import_trying: "正在逐行试行：{done} / {all} 行，尚未写入", "Trying each row: {done} of {all}; nothing is written yet";
    import_writing: "正在写入：{done} / {all} 行", "Writing: {done} of {all} rows";
    import_leave: "可以离开本页，处理会继续；从“今日”或本类导入页面可回到这里。", "You may leave this page and it goes on; come back from Today or from the page of this kind of import.";
    work_look_again: "刷新进度", "Look again";
    import_latest: "我最近的导入", "My latest imports";
    import_unreadable: "该文件不是 UTF-8 编码，无法在此更正。请选择另存为“CSV UTF-8”的文件。", "The file is not UTF-8 and cannot be corrected here. Choose one that is saved as “CSV UTF-8”.";
    import_kept: "文件较大，未显示在此；可直接继续，或选择更正后的文件。", "The file is kept and too large to be shown here: go on with it, or choose a corrected one.";
    import_code: "代码", "Code";
    import_bad_rows: "不合格的行", "Bad rows";
    import_line: "行号", "Line";
    import_column: "列", "Column";
    import_what: "问题", "What is wrong";
    import_row: "该行内容", "The row";

    // Evidence review, adjudication, refusals.
}

/// A word with a place filled in.
pub fn fill(word: &str, name: &str, value: impl std::fmt::Display) -> String {
    word.replace(&format!("{{{name}}}"), &value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    /// The braces of a word, in order.
    fn places(text: &str) -> Vec<&str> {
        let mut found: Vec<_> = text
            .split('{')
            .skip(1)
            .filter_map(|it| it.split('}').next())
            .collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn every_word_is_there_in_both_languages_with_the_same_places() {
        for (name, zh, en) in ALL {
            assert!(!zh.trim().is_empty() && !en.trim().is_empty(), "{name}");
            assert_eq!(places(zh), places(en), "{name}");
            // The switch names the language that it leads to in that language.
            if *name == "other_language" {
                continue;
            }
            assert!(is_chinese(zh), "{name}: {zh}");
            assert!(!is_chinese(en), "{name}: {en}");
        }
    }

    #[test]
    fn a_place_is_filled_in() {
        assert_eq!(fill("共 {n} 项", "n", 3), "共 3 项");
    }
}
