//! A form that is not right comes back on its page: with what is wrong by the names that people read, and with everything that
//! was typed still in it.

use fieldseal_tests::provider::Browser;
use fieldseal_tests::screen::WIDTHS;
use fieldseal_tests::world::word;
use fieldseal_tests::{Screen, TestServer, World};

use super::reviewing::at_a_contested_entry;
use super::{form, logs_in};

/// A product rule whose least stock is less than what is drawn.
const RULE: &[(&str, &str)] = &[
    ("product_name", "消防水带<b>"),
    ("standards", "GB 6246-2011，GB 12514.1-2005"),
    ("unit", "米"),
    ("min_base", "10"),
    ("test_qty", "20"),
    ("spare_qty", "20"),
    ("items", "爆破压力"),
];

#[test]
fn a_form_comes_back_with_what_was_typed_and_what_is_wrong_by_its_label() {
    let w = World::shanxi();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    let own = w.id("organisation", "晋城市局");
    let rules = |w: &World| {
        w.get("/v1/product-rules")["items"]
            .as_array()
            .unwrap()
            .len()
    };
    let before = rules(&w);
    for (width, scripts) in [(WIDTHS[0], true), (WIDTHS[1], false)] {
        screen.scripts(scripts);
        screen.widens(width);
        screen.goes("/console/product-rules");
        screen.clicks("details.card summary");
        screen.fills(RULE);
        screen.sends("form[action$=new]");
        assert_eq!(screen.path(), "/console/product-rules/new");
        let told = screen.sees("#returned");
        assert!(told.contains("最小抽样基数 小于抽取数量"), "{told}");
        assert!(
            told.contains("value_invalid") && !told.contains("min_base"),
            "{told}"
        );
        // The page is the list's, with the form open and as it was; the field is marked.
        assert!(!screen.all("tbody tr").is_empty());
        assert_eq!(screen.sees("nav.main [aria-current]"), "实施细则");
        let value = |name: &str| {
            let script = format!("return document.querySelector('[name={name}]').value");
            word(&screen.runs(&script))
        };
        for (name, typed) in RULE {
            assert_eq!(&value(name), typed, "{name}");
        }
        assert_eq!(value("authority"), own);
        let marked =
            "return [...document.querySelectorAll('[aria-invalid]')].map(it => it.name).join()";
        assert_eq!(screen.runs(marked), "min_base");
        assert_eq!(rules(&w), before, "nothing is written");
        let complaints = screen.complaints();
        assert!(
            complaints.iter().all(|it| it.contains("422")),
            "{complaints:?}"
        );
        if scripts {
            screen.is_sound("a form that came back");
        }
        assert_eq!(screen.overflows(), Vec::<String>::new());
        screen.pictured("returned");
        // It may come back twice, and says what is wrong now.
        screen.types("[name=min_base]", "-");
        screen.sends("form[action$=new]");
        let told = screen.sees("#returned");
        assert!(told.contains("不是数量"), "{told}");
        assert_eq!(value("unit"), "米");
        screen.complaints();
    }
    screen.scripts(true);
    // In English; and corrected it is written.
    screen.sends(".who form:first-of-type");
    assert_eq!(
        screen.path(),
        "/console/product-rules",
        "a page to come back to"
    );
    screen.clicks("details.card summary");
    screen.fills(RULE);
    screen.sends("form[action$=new]");
    let told = screen.sees("#returned");
    assert!(
        told.contains("Least stock is less than what is drawn"),
        "{told}"
    );
    screen.types("[name=min_base]", "60");
    screen.sends("form[action$=new]");
    assert_eq!(screen.path(), "/console/product-rules");
    assert!(screen.all("#returned").is_empty());
    assert_eq!(rules(&w), before + 1);
}

/// A decision on an entry that says what becomes of its sample and not what the sample is worth.
#[test]
fn a_decision_that_is_not_whole_is_not_taken_and_its_reason_is_kept() {
    let w = World::shanxi();
    let Some((screen, one)) = at_a_contested_entry(&w) else {
        return;
    };
    screen.clicks("input[value=first]");
    screen.types("#decision [name=reason]", "核实门卫登记");
    screen.sets("[name^=\"disposal:\"]", "returned");
    screen.sends("#decision");
    let told = screen.sees("#returned");
    assert!(told.contains("样品结论 必须填写"), "{told}");
    assert_eq!(w.standings(one), ["contested"], "nothing is decided");
    let kept = "return [document.querySelector('[name=outcome]:checked').value, document.querySelector('[name=reason]').value, \
        document.querySelector('[name^=\"disposal:\"]').value]";
    let kept = screen.runs(kept);
    assert_eq!(
        kept,
        serde_json::json!(["first", "核实门卫登记", "returned"])
    );
    screen.sets("[name^=\"validity:\"]", "void");
    screen.sends("#decision");
    screen.waits_for("裁定已记录");
    assert_eq!(w.standings(one), ["first"]);
}

#[test]
fn what_comes_back_holds_no_password_and_opens_no_page_of_others() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140500");
    server.user(&admin, &body, "manager", &["inspection_body"]);
    let mut keeper = Browser::default();
    assert_eq!(logs_in(&server, &mut keeper, "admin-140000").status, 303);
    let person = |from: &str| {
        form(&[
            ("_from", from),
            ("display_name", "某人"),
            ("username", "manager"),
            ("password", "a secret of ten"),
            ("organisation", &body),
            ("roles", "inspection_body"),
            ("roles", "sampler"),
        ])
    };
    let make = server.url("/console/users/new");
    let back = keeper.call(&make, Some(&person("/console/users")));
    assert_eq!(back.status, 409, "{}", back.body);
    assert!(back.body.contains("id=\"returned\"") && back.body.contains("某人"));
    assert!(!back.body.contains("a secret of ten"));
    let chosen = |role: &str| back.body.contains(&format!("value=\"{role}\" checked"));
    assert!(chosen("sampler") && chosen("inspection_body") && !chosen("admin"));

    // Nobody is shown by the way back what they may not open, nor led out of the console.
    let mut manager = Browser::default();
    assert_eq!(logs_in(&server, &mut manager, "manager").status, 303);
    for from in [
        "/console/audit",
        "/console/events",
        "/console/assets/console.css",
        "/v1/users",
        "//evil.example/console",
        "/console/nowhere",
    ] {
        let typed = form(&[
            ("_from", from),
            ("name", ""),
            ("campaign", "x"),
            ("body", &body),
        ]);
        let refused = manager.call(&server.url("/console/teams/new"), Some(&typed));
        assert_eq!(refused.status, 422, "{from}");
        let is_error = refused.body.contains("class=\"status\"");
        let is_home = refused.body.contains("id=\"returned\"");
        assert!(is_error != is_home, "{from}");
        assert!(!refused.body.contains("user.created"), "{from}");
        // Where there is no page to show, the page of the error names the field as people do.
        assert!(
            !is_error || refused.body.contains("抽查批次"),
            "{from}: {}",
            refused.body
        );
    }
    // What is not there, or is none of what there is to choose, is told in words too.
    for typed in ["", "name=x&campaign=&body="] {
        let refused = manager.call(&server.url("/console/teams/new"), Some(typed));
        assert_eq!(refused.status, 422);
        assert!(
            refused.body.contains("<h1>有内容填写不正确</h1>"),
            "{}",
            refused.body
        );
    }
}
