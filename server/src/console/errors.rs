//! Problems as pages: what is wrong in the reader's language, its stable code, and what to do next.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::desk::{Desk, Frame, Front};
use super::details;
use super::language::Language;
use super::returned::{self, Wrong};
use super::words::Words;
use crate::problem::{Code, Problem};
use crate::telemetry::request_id;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    code: &'static str,
    status: u16,
    next: &'static str,
    detail: String,
    errors: Vec<Wrong>,
    request: String,
}

/// What is wrong, by its code.
pub fn title(language: Language, code: Code) -> &'static str {
    language.pick(chinese(code).unwrap_or(code.title()), code.title())
}

/// What to do next, by what kind of problem it is.
fn next(w: &Words, code: Code) -> &'static str {
    if code == Code::OriginForeign {
        return w.next_own_page;
    }
    match code.status() {
        StatusCode::UNAUTHORIZED => w.next_log_in,
        StatusCode::FORBIDDEN => w.next_ask_admin,
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::METHOD_NOT_ALLOWED => {
            w.next_check_address
        }
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => w.next_reload,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => w.next_wait,
        status if status.is_client_error() => w.next_correct,
        _ => w.next_tell_operator,
    }
}

/// The page of a problem.
pub fn page(front: &Front, desk: Option<&Desk>, problem: &Problem) -> Response {
    let code = problem.code();
    let heading = title(front.language, code);
    let frame = match desk {
        Some(desk) => desk.frame(heading),
        None => front.frame(heading),
    };
    let page = ErrorPage {
        next: next(frame.w, code),
        frame,
        code: code.as_str(),
        status: code.status().as_u16(),
        detail: details::told(front.language, problem.told().unwrap_or_default()),
        errors: returned::wrong(front.language, problem),
        request: request_id(),
    };
    let text = page.render().unwrap_or_else(|_| code.title().to_owned());
    let mut response = (code.status(), Html(text)).into_response();
    mark(&mut response, problem);
    response
}

/// Marks an answer as the one to a problem: when to come again, and the code for the log line.
pub fn mark(response: &mut Response, problem: &Problem) {
    if let Some(seconds) = problem.retry_after() {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response.extensions_mut().insert(problem.code());
}

/// What is wrong, in Chinese: every code of the catalogue has its words here.
const CHINESE: &[(Code, &str)] = &[
    (Code::JsonMalformed, "内容不是有效的 JSON"),
    (Code::BodyInvalid, "提交的内容格式不正确"),
    (Code::MediaTypeUnsupported, "不支持这种内容类型"),
    (Code::BodyTooLarge, "提交的内容过大"),
    (Code::BodyUnreadable, "未能读完提交的内容"),
    (Code::QueryInvalid, "网址中的参数不正确"),
    (Code::PathInvalid, "网址中的编号不正确"),
    (Code::HeaderInvalid, "请求头不正确"),
    (Code::ValueInvalid, "有内容填写不正确"),
    (Code::RouteUnknown, "没有这个页面"),
    (Code::MethodNotAllowed, "此网址不接受这种操作"),
    (Code::NotFound, "未找到"),
    (Code::Conflict, "与已有内容冲突"),
    (Code::IdempotencyKeyReused, "该操作编号已用于其他请求"),
    (Code::IdempotencyKeyInUse, "同一请求正在处理"),
    (Code::LeaseHeld, "另一抽样组已占用该企业"),
    (Code::LeasesExceeded, "该设备占用的企业过多"),
    (Code::SampleRefused, "实验室不得接收该样品"),
    (Code::ReportContradicts, "与先前的报告矛盾，两者均已保留"),
    (Code::SampleNotReceived, "样品尚未接收"),
    (Code::ImportInvalid, "文件中有不合格的行，未写入任何内容"),
    (Code::RulebookInvalid, "不是有效的规则手册"),
    (Code::EvidenceUnlisted, "尚无清单登记该影像"),
    (Code::EvidenceAwaited, "影像尚未上传完成"),
    (Code::RenditionMissing, "没有该预览"),
    (Code::LinkInvalid, "链接无效"),
    (Code::LinkExpired, "链接已过期"),
    (Code::RangeUnsatisfiable, "请求的范围不存在"),
    (Code::PreconditionFailed, "内容已不是所指版本"),
    (Code::EvidenceDiffers, "与清单登记的内容不符"),
    (Code::FormUnknown, "没有这种表格"),
    (Code::FormSubjectUnknown, "该次检查没有可打印的这项记录"),
    (Code::TusVersionUnsupported, "不支持该上传协议版本"),
    (Code::UploadOffsetConflict, "上传位置不一致"),
    (Code::UploadTakenOver, "上传已由另一请求接续"),
    (Code::UploadComplete, "上传已完成"),
    (Code::UploadTooLong, "上传内容过长"),
    (Code::UploadGone, "上传已失效，请重新开始"),
    (Code::UploadMismatch, "上传的内容与清单不符，请重新上传"),
    (Code::ChecksumAlgorithmUnknown, "不支持该校验算法"),
    (Code::ChecksumMismatch, "校验和不符"),
    (Code::StreamsExceeded, "打开的实时页面过多"),
    (Code::ExportTooLong, "列表过长，无法导出为一个文件"),
    (Code::ReviewOutdated, "他人已先作出审查结论，请看过后再决定"),
    (Code::RulingOutdated, "结论已先有变化，请看过后再裁定"),
    (Code::CaseTaken, "该案件已由他人办理"),
    (Code::CaseOutOfStep, "该案件尚未到这一步"),
    (Code::TokenMissing, "需要访问令牌"),
    (Code::TokenInvalid, "访问令牌无效"),
    (Code::TokenExpired, "访问令牌已过期"),
    (Code::TokenKeyRevoked, "访问令牌的密钥已作废"),
    (Code::SessionEnded, "登录已结束，请重新登录"),
    (Code::UserDisabled, "该账号已停用"),
    (Code::DeviceRevoked, "该设备已作废"),
    (Code::DeviceUnknown, "该设备未在此登记"),
    (Code::DeviceNeeded, "只有已登记的设备可以这样做"),
    (Code::RoleForbidden, "您的角色无权这样做"),
    (Code::ScopeForbidden, "超出您的管辖范围"),
    (Code::CredentialsWrong, "用户名或密码不正确"),
    (Code::AttemptsExceeded, "尝试次数过多，请稍后再试"),
    (Code::EnrolmentCodeInvalid, "登记码无效"),
    (Code::ChallengeInvalid, "质询无效"),
    (Code::SignatureInvalid, "签名验证未通过"),
    (Code::RefreshTokenInvalid, "刷新令牌无效，请重新登录"),
    (Code::RefreshTokenReused, "刷新令牌被重复使用，登录已结束"),
    (Code::LoginNeeded, "请登录后继续"),
    (Code::OriginForeign, "该请求来自其他网站"),
    (Code::SetupTokenInvalid, "一次性口令无效"),
    (Code::AdministratorNeeded, "必须保留一名管理员"),
    (Code::SetupOver, "系统已完成首次设置"),
    (Code::OidcNotConfigured, "未配置统一身份认证"),
    (Code::OidcStateInvalid, "该登录不是从此处开始的，请重新开始"),
    (Code::OidcDenied, "统一身份认证未予同意"),
    (Code::OidcTokenInvalid, "统一身份认证的回复不可信"),
    (Code::OidcUserUnknown, "没有与该身份对应的管理员"),
    (
        Code::OidcCodeInvalid,
        "统一身份认证的登录已过期，请重新开始",
    ),
    (Code::OidcUnavailable, "统一身份认证没有响应"),
    (Code::Overloaded, "服务器繁忙，请稍后再试"),
    (Code::NotReady, "服务器暂时无法工作"),
    (Code::DatabaseUnavailable, "无法连接数据库"),
    (Code::StorageFull, "服务器存储空间不足"),
    (Code::StorageUnavailable, "影像存储暂时不可用"),
    (Code::Timeout, "服务器处理超时"),
    (Code::Internal, "服务器出错"),
];

fn chinese(code: Code) -> Option<&'static str> {
    let found = CHINESE.iter().find(|(of, _)| *of == code);
    found.map(|(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_said_in_chinese() {
        let missing: Vec<_> = Code::ALL
            .iter()
            .filter(|code| chinese(**code).is_none())
            .map(|code| code.as_str())
            .collect();
        assert_eq!(missing, Vec::<&str>::new(), "add words to `CHINESE`");
    }
}
