//! The dossier (卷宗) of a bundle as one page that needs nothing else: for people. What is hashed and signed is the JSON and
//! the records beside it.

use serde_json::Value;

/// Chinese and English names of the parts, in their order.
const PARTS: [(&str, &str, &str); 20] = [
    ("visit", "现场检查", "Visit"),
    ("names", "名称", "Names"),
    ("people", "人员", "People"),
    ("arrivals", "到场", "Arrivals"),
    ("entries", "进门", "Entries"),
    ("samples", "样品与抽样单", "Samples and sheets"),
    ("records", "其他记录", "Other records"),
    ("seals", "封签", "Seals"),
    ("amendments", "更正", "Amendments"),
    ("rulings", "裁定", "Rulings"),
    ("decisions", "人工决定", "Decisions of persons"),
    ("cases", "案件线索", "Cases"),
    ("confirmations", "现场确认", "Confirmations"),
    ("followed", "后续处置", "What followed"),
    ("publicity", "公示", "Publicity"),
    ("custody", "样品流转", "Custody"),
    ("conflicts", "并发值", "Conflicts"),
    ("aside", "待决与隔离", "Held and quarantined"),
    ("history", "修改历史", "History"),
    ("facts", "事实", "Facts"),
];

const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
    h1{font-size:1.4rem}h2{font-size:1.1rem;border-bottom:1px solid #999;margin-top:2rem}\
    table{border-collapse:collapse;width:100%;table-layout:fixed}\
    td,th{border:1px solid #ccc;padding:.2rem .4rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
    th{width:11rem;font-weight:600;background:#f4f4f4}";

/// The page of a dossier's JSON.
pub fn page(dossier: &Value, title: &str) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style></head>\
         <body><h1>卷宗 Dossier {0}</h1>\n",
        escaped(title)
    );
    for (name, zh, en) in PARTS {
        let value = &dossier[name];
        let empty = match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        if !empty {
            html.push_str(&format!("<h2>{zh} {en}</h2>\n"));
            show(&mut html, value);
            html.push('\n');
        }
    }
    html.push_str("</body></html>\n");
    html
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            sign => safe.push(sign),
        }
    }
    safe
}

fn show(html: &mut String, value: &Value) {
    match value {
        Value::Null => html.push('—'),
        Value::Bool(true) => html.push('✓'),
        Value::Bool(false) => html.push('✗'),
        Value::Number(number) => html.push_str(&number.to_string()),
        Value::String(text) => html.push_str(&escaped(text)),
        Value::Array(items) => {
            for item in items {
                html.push_str("<div>");
                show(html, item);
                html.push_str("</div>");
            }
        }
        Value::Object(fields) => {
            html.push_str("<table>");
            for (name, value) in fields {
                html.push_str(&format!("<tr><th>{}</th><td>", escaped(name)));
                show(html, value);
                html.push_str("</td></tr>");
            }
            html.push_str("</table>");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_shown_and_never_run() {
        let dossier = serde_json::json!({ "visit": { "<b>": "<script>alert(1)</script>" } });
        let html = page(&dossier, "\"><img src=x>");
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<b>"));
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    }
}
