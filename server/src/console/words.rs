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
    first_page: "回到第一页", "First page";
    updated_live: "内容变化时自动更新", "Updates by itself when something changes";
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
    review_visit: "检查编号", "Visit id";
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
    review_outdated: "他人已先作出审查结论，请看过后再决定。", "Somebody else has decided meanwhile. Look at it, then decide.";
    review_done: "已提交，后面没有待审查的影像了。", "Done. Nothing more waits behind this one.";
    review_no_picture: "没有可显示的预览，可打开原件。", "There is no preview; open the original.";
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

    // Errors.
    error_code: "代码", "Code";
    error_request: "请求编号", "Request id";
    error_fields: "涉及的内容", "What it is about";
    error_detail: "详细信息", "Details";
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

    // The dossier of a visit.

    // Visits, figures, running the house.

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
