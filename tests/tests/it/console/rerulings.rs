//! What a change rules again: shown before an enterprise is corrected, and while it goes on how far it is; the page may be
//! left, and what it came to is found again.

use std::time::Duration;

use fieldseal_server::args;
use fieldseal_server::store::Statement;
use fieldseal_tests::provider::Browser;
use fieldseal_tests::screen::WIDTHS;
use fieldseal_tests::{Screen, World};
use serde_json::json;
use sync_core::model::DocumentId;
use tokio::sync::MutexGuard;

use super::{form, logs_in};

/// Another server has ruled so many of the scopes, and a phone has brought something new for each.
const OTHERS_RULED: Statement = Statement {
    name: "others_ruled",
    sql: "UPDATE dirty_scopes SET marked_at = marked_at + 1, mark = mark + 1 \
        WHERE scope IN (SELECT scope FROM dirty_scopes ORDER BY scope LIMIT $1)",
};
const WAITING: &str = "SELECT scope FROM dirty_scopes";
/// The next version of Shanxi's rulebook.
const RULEBOOK: &str = "id = 'shanxi'\nversion = {version}\nextends = 'national'\nregion = '140000'\n\
    effective_from = '2030-01-01'\nsource = '晋'\n";

/// Visits at every enterprise of the data, each with a photograph.
fn world() -> (World, Vec<DocumentId>) {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    wang.online();
    let known: Vec<String> = w.catalogue().enterprises.keys().cloned().collect();
    let visit = |key: &String| {
        w.minutes(40);
        wang.enters(key)
    };
    let visits = known.iter().map(visit).collect();
    wang.syncs();
    (w, visits)
}

/// Nobody rules until this is dropped, the job neither.
fn stopped(w: &World) -> MutexGuard<'_, ()> {
    w.server.runtime.block_on(w.server.app.ruling_turn.lock())
}

/// A change was made with the rulings stopped: its page shows how far they are, is left, found again, and says in the end that
/// they are made.
fn is_watched(
    w: &World,
    screen: &Screen,
    turn: MutexGuard<'_, ()>,
    (here, title): (&str, &str),
    name: &str,
) {
    let all = i64::try_from(w.server.reads(WAITING).len()).unwrap();
    let of = |done: i64| format!("重新认定：{done} / {all} 项");
    assert!(all > 1, "{all} scopes");
    assert_eq!(screen.path(), here);
    screen.waits_for(&of(0));
    screen.waits_for("可以离开本页");
    screen.is_sound(&format!("{name} under way"));
    screen.pictured(&format!("{name}-under-way"));
    // Left, and found again from today.
    screen.goes("/console");
    let told = screen.sees("#work");
    assert!(told.contains(&of(0)) && told.contains(title), "{told}");
    screen.is_sound("today with rulings under way");
    screen.pictured(&format!("{name}-today"));
    let half = all / 2;
    w.server.runtime.block_on(async {
        let mut tx = w.server.app.store.begin().await.unwrap();
        tx.exec(&OTHERS_RULED, args![half]).await.unwrap();
        tx.commit().await.unwrap();
    });
    // Today says it by itself, and so does the page.
    screen.waits_for(&of(half));
    screen.clicks(&format!("#work a[href='{here}']"));
    screen.waits_for(&of(half));
    let bar = screen.runs("const bar = document.querySelector('#progress progress'); return bar.value + '/' + bar.max");
    assert_eq!(bar, format!("{half}/{all}"));
    // Without scripts a browser comes again by itself.
    screen.scripts(false);
    screen.goes(here);
    assert!(screen.text().contains(&of(half)), "{}", screen.text());
    let again = "return document.querySelector('meta[http-equiv=refresh]') !== null";
    assert_eq!(screen.runs(again), json!(true));
    screen.goes("/console/login");
    screen.scripts(true);
    screen.goes(here);
    screen.waits_for(&of(half));
    drop(turn);
    screen.waits_for(&format!("已重新认定 {all} 项"));
    screen.is_sound(&format!("{name} that ended"));
    screen.pictured(&format!("{name}-ended"));
    screen.goes("/console");
    let told = screen.sees("#work");
    assert!(
        told.contains("已结束") && told.contains(&format!("已重新认定 {all} 项")),
        "{told}"
    );
    while !w.server.reads(WAITING).is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_rulebook_that_rules_everything_again_shows_how_far_that_is_and_may_be_left() {
    let (w, visits) = world();
    let standings = || Vec::from_iter(visits.iter().map(|it| w.standings(*it)));
    let before = standings();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    for (width, version) in WIDTHS.into_iter().zip(["2", "3"]) {
        // The latest of somebody's changes is shown: of two in one millisecond it would be either.
        w.server.clock.advance_ms(1);
        screen.widens(width);
        screen.logs_in("admin");
        screen.goes("/console/rulebooks");
        screen.clicks("details.card summary");
        screen.types("[name=text]", &RULEBOOK.replace("{version}", version));
        let turn = stopped(&w);
        screen.sends("details form");
        let here = format!("/console/rulebooks/shanxi/{version}");
        assert!(w.server.reads(WAITING).len() >= 2 * visits.len());
        is_watched(
            &w,
            &screen,
            turn,
            (&here, &format!("规则手册 shanxi {version}")),
            "reruling-rulebook",
        );
    }
    assert_eq!(standings(), before);
}

#[test]
fn what_a_correction_rules_again_is_shown_first_and_while_it_goes_on() {
    let (w, _) = world();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    let here = format!("/console/enterprises/{}", w.id("enterprise", "五金店"));
    let correct = "form:has([name=legal_representative])";
    for (width, name) in WIDTHS
        .into_iter()
        .zip(["示例五金店（一）", "示例五金店（二）"])
    {
        w.server.clock.advance_ms(1);
        screen.widens(width);
        screen.logs_in("admin");
        screen.goes(&here);
        let was = screen.sees("h1");
        let asks = || {
            screen.clicks("details:has([name=legal_representative]) summary");
            screen.types(&format!("{correct} [name=name]"), name);
            screen.sends(correct);
        };
        asks();
        screen.waits_for("尚未写入。将重新认定 1 次检查");
        screen.waits_for(&format!("{name}（原为 {was}）"));
        screen.is_sound("a correction before it is written");
        screen.pictured("reruling-preview");
        assert!(w.server.reads(WAITING).is_empty());
        // Somebody may think better of it.
        screen.clicks(&format!("main a[href='{here}']"));
        screen.waits_for(&was);
        asks();
        screen.waits_for("尚未写入");
        let turn = stopped(&w);
        screen.sends(correct);
        assert_eq!(screen.sees("h1"), name);
        is_watched(&w, &screen, turn, (&here, name), "reruling-correction");
        // What touches no visit is written at once.
        screen.goes("/console/enterprises");
        screen.clicks("details.card summary");
        screen.fills(&[("name", &format!("新{name}")), ("region", "140525")]);
        screen.sends("details form");
        assert_eq!(screen.sees("h1"), format!("新{name}"));
    }
}

#[test]
fn what_is_asked_before_it_is_written_is_read_anew_by_nobody_while_rulings_go_on() {
    let (w, _) = world();
    let mut browser = Browser::default();
    logs_in(&w.server, &mut browser, "admin");
    let here = format!("/console/enterprises/{}", w.id("enterprise", "服饰"));
    let aliases = w.server.url(&format!("{here}/aliases"));
    let turn = stopped(&w);
    let code = |key: &str| w.catalogue().enterprises[key].uscc.clone();
    let (shop, foundry) = (code("五金店"), code("铸造"));
    let written = [
        ("from_key", shop.as_str()),
        ("reason", "同一店铺"),
        ("seen", "true"),
    ];
    let left = browser.call(&aliases, Some(&form(&written)));
    assert_eq!(left.status, 303, "{}", left.body);
    let watched = browser.call(&w.server.url(&here), None);
    let anew = ["data-events=", "http-equiv=\"refresh\"", "id=\"progress\""];
    for sign in anew {
        assert!(watched.body.contains(sign), "{sign}: {}", watched.body);
    }
    let undo = watched.body.split("/aliases/").nth(1).expect("an alias");
    let undo = format!("{aliases}/{}", undo.split('"').next().unwrap());
    let another = form(&[("from_key", foundry.as_str()), ("reason", "同一企业")]);
    let why = form(&[("reason", "并非同一店铺")]);
    for (address, sent) in [
        (&aliases, Some(&another)),
        (&undo, None),
        (&undo, Some(&why)),
    ] {
        let asked = browser.call(address, sent.map(String::as_str));
        assert_eq!(asked.status, 200, "{address}: {}", asked.body);
        for sign in anew {
            assert!(!asked.body.contains(sign), "{address}: {sign}");
        }
    }
    drop(turn);
}
