//! Every page, with every role: whoever may not open it is told so, what lies elsewhere is not found, nobody else is asked
//! for anything, and the browser has nothing to complain about. Whoever adds a page says in `filled` what its address needs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fieldseal_server::access::operations::Who;
use fieldseal_server::access::{OrganisationKind, Principal, role};
use fieldseal_server::console::pages::{PAGES, Page};
use fieldseal_server::services::imports::Kind;
use fieldseal_server::services::imports::jobs::{self, Act};
use fieldseal_server::store::access::users;
use fieldseal_tests::demonstration::{FILES, Story};
use fieldseal_tests::provider::Browser;
use fieldseal_tests::world::word;
use fieldseal_tests::{Screen, TestServer, World};
use serde_json::json;

use crate::console::logs_in;

/// Every role with a kind of organisation that has it.
const ROLES: [(&str, &str); 12] = [
    ("admin", "authority"),
    ("authority", "authority"),
    ("enforcement", "authority"),
    ("quality_section", "authority"),
    ("leader", "authority"),
    ("consulted", "authority"),
    ("inspection_body", "inspection_body"),
    ("sampler", "inspection_body"),
    ("lab_receiver", "inspection_body"),
    ("station", "station"),
    ("county", "authority"),
    ("entrusted_unit", "entrusted_unit"),
];

/// The addresses of a page: with things that are nobody's.
fn filled(path: &str) -> String {
    let nothing = "01900000-0000-7000-8000-000000000001";
    let document = "0".repeat(64);
    // A kind of files, or of forms.
    let imports = path.starts_with("/console/imports/");
    let kind = if imports { "tasks" } else { "sheet" };
    let mut out = path.to_owned();
    for (name, value) in [
        ("document", document.as_str()),
        ("visit", document.as_str()),
        ("name", "console.css"),
        ("id", nothing),
        ("evidence", nothing),
        ("subject", nothing),
        ("part", "thumbnail"),
        ("kind", kind),
        ("version", "1"),
        ("alias", nothing),
    ] {
        out = out.replace(&format!("{{{name}}}"), value);
    }
    assert!(!out.contains('{'), "say in `filled` what {path} needs");
    out
}

fn is_for(page: &Page, named: &str) -> bool {
    match page.who {
        Who::Public | Who::Anyone => true,
        Who::Roles(roles) => roles.iter().any(|it| role::word(it) == named),
    }
}

/// Pages that are read, and do something else than show themselves.
const OTHERS: [&str; 4] = [
    "/console/assets/{name}",
    "/console/events",
    "/console/login/provider",
    "/console/login/finish",
];

#[test]
fn a_page_opens_for_its_roles_and_for_nobody_else() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    for (role, kind) in ROLES {
        let organisation = server.organisation(&admin, kind, "140500");
        server.user(&admin, &organisation, role, &[role]);
        let mut browser = Browser::default();
        let mut nobody = Browser::default();
        assert_eq!(logs_in(&server, &mut browser, role).status, 303, "{role}");
        for page in PAGES {
            if page.path == "/console/events" {
                continue;
            }
            let path = filled(page.path);
            let shown = browser.call(&server.url(&path), None);
            if is_for(page, role) {
                assert!(
                    matches!(shown.status, 200 | 303 | 403 | 404 | 405),
                    "{role} {path}: {}",
                    shown.status
                );
                let forbidden = shown.body.contains("role_forbidden");
                assert!(!forbidden, "{role} {path}");
            } else {
                assert_eq!(shown.status, 403, "{role} {path}");
                assert!(shown.body.contains("role_forbidden"), "{role} {path}");
            }
            if page.who != Who::Public {
                let turned = nobody.call(&server.url(&path), None);
                assert_eq!(turned.status, 303, "{path}");
                let to = turned.location.unwrap();
                assert!(to.contains("/console/login?to="), "{path}: {to}");
            }
        }
    }
}

#[test]
fn every_page_is_sound_at_both_widths_for_every_role() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let Some(screen) = Screen::open(&server) else {
        return;
    };
    screen.looks_at("/console/login", "login");
    for (role, kind) in ROLES {
        let organisation = server.organisation(&admin, kind, "140500");
        server.user(&admin, &organisation, role, &[role]);
        screen.logs_in(role);
        for page in PAGES {
            let shows = page.link.is_some() && !OTHERS.contains(&page.path);
            if shows && is_for(page, role) {
                let name = page.path.trim_start_matches("/console").replace('/', "-");
                screen.looks_at(&filled(page.path), &format!("{role}{name}"));
            }
        }
    }
}

/// The page that an address leads to: what is written out goes before what is any name.
fn page_of(path: &str) -> Option<&'static Page> {
    let plain = path.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<_> = plain.split('/').collect();
    let leads = |page: &&Page| {
        let known: Vec<_> = page.path.split('/').collect();
        let mut both = known.iter().zip(&parts);
        known.len() == parts.len()
            && both.all(|(known, part)| known == part || known.starts_with('{'))
    };
    let found = PAGES.iter().filter(leads);
    found.min_by_key(|page| page.path.matches('{').count())
}

/// Pages that no link leads to, or that are no pages of the console's own look.
const UNWALKED: [&str; 6] = [
    "/console/login",
    "/console/setup",
    "/console/visits.csv",
    "/console/figures.csv",
    "/console/media/{document}/{evidence}/{part}",
    "/console/visits/{document}/forms/{kind}/{subject}",
];

/// Whether it is a page that people are led to, and read.
fn is_read(page: &Page) -> bool {
    let reads = !format!("{:?}", (page.route)()).contains("get: None");
    reads && !OTHERS.contains(&page.path) && !UNWALKED.contains(&page.path)
}

/// Follows links from the first page on, to three pages of a kind; `each` opens a page, and is told how many of its kind came
/// before it. How many there were of each kind.
fn walks(
    screen: &Screen,
    who: &str,
    also: Option<String>,
    each: impl Fn(&str, &'static Page, usize),
) -> BTreeMap<&'static str, usize> {
    let mut known = BTreeSet::from(["/console".to_owned()]);
    let mut walked: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ahead = VecDeque::from(["/console".to_owned()]);
    ahead.extend(also);
    while let Some(path) = ahead.pop_front() {
        let page = page_of(&path).unwrap_or_else(|| panic!("{who}: {path} leads nowhere"));
        let times = walked.entry(page.path).or_default();
        if !is_read(page) || *times == 3 {
            continue;
        }
        each(&path, page, *times);
        *times += 1;
        let links = screen.runs(
            "return [...document.querySelectorAll('a[href^=\"/console\"]')].map(it => it.getAttribute('href'))",
        );
        for link in links.as_array().unwrap() {
            let link = link.as_str().unwrap().split('#').next().unwrap().to_owned();
            if known.insert(link.clone()) {
                ahead.push_back(link);
            }
        }
    }
    walked
}

/// The last change that came is of somebody without authority.
const ONE_ASIDE: &str = "UPDATE changes SET status = 'quarantined', reason = 'unauthorised', code = 'author.revoked', \
    detail = '' WHERE item_id = (SELECT MAX(item_id) FROM changes)";

#[test]
fn whoever_follows_the_links_of_the_demonstration_sees_sound_pages_and_nothing_of_elsewhere() {
    let w = World::with(TestServer::start(), &FILES);
    Story::new(&w, std::io::sink(), 1).play().unwrap();
    let body = w.id("organisation", "晋阳");
    let admin = w.token("admin");
    w.server
        .user(&admin, &body, "manager", &["inspection_body"]);
    // What the story leaves out: a second key of an enterprise.
    let alias = json!({ "from_key": "uscc:921405020000B2F60D", "reason": "同一店铺" });
    let path = format!("/v1/enterprises/{}/aliases", w.id("enterprise", "服饰"));
    w.call("POST", "admin", &path, alias).expect(200);
    // And a change that is quarantined.
    assert_eq!(w.server.writes(ONE_ASIDE), 1);
    imported(&w);
    let all = visits_of(&w, &admin);
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    for who in ["admin", "ma", "manager"] {
        screen.logs_in(who);
        let seen = visits_of(&w, &w.server.log_in(who));
        let foreign: Vec<_> = all.difference(&seen).collect();
        assert!(who == "admin" || !foreign.is_empty(), "{who} sees all");
        let aliased = format!("/console/enterprises/{}", w.id("enterprise", "服饰"));
        let also = (who == "admin").then_some(aliased);
        let walked = walks(&screen, who, also, |path, page, before| {
            let kind = page.path.trim_start_matches("/console");
            let kind = kind.replace(['/', '{', '}'], "-");
            // The first of a kind is looked at; what the others say of elsewhere is asked all the same.
            match before {
                0 => screen.looks_at(path, &format!("walk-{who}{kind}")),
                _ => {
                    screen.goes(path);
                }
            }
            let source = screen.runs("return document.documentElement.outerHTML");
            let source = source.as_str().unwrap();
            assert!(
                !source.contains("class=\"status\""),
                "{who}: {path} is a page of an error"
            );
            for visit in &foreign {
                assert!(
                    !source.contains(visit.as_str()),
                    "{who} reads of {visit} at {path}"
                );
            }
        });
        let role = if who == "admin" {
            "admin"
        } else if who == "ma" {
            "enforcement"
        } else {
            "inspection_body"
        };
        let missed = PAGES
            .iter()
            .filter(|page| is_read(page) && is_for(page, role))
            // Not everything that may be opened holds something for everybody.
            .filter(|page| {
                who == "admin" || page.link.is_some() || page.path == "/console/visits/{document}"
            });
        let missed: Vec<_> = missed
            .filter(|page| !walked.contains_key(page.path))
            .map(|page| page.path)
            .collect();
        assert_eq!(missed, Vec::<&str>::new(), "{who} was led to none of these");
    }
}

/// What of a page is in words of ours alone: without what people wrote, codes and keys.
const OURS: &str = "const ours = 'main thead th, main button, main legend, main label:not(.inline), main summary, main .hint, \
        main .empty, main .chip, main h2, nav.main a, main dt'; \
    return [...document.querySelectorAll(ours)].filter(it => !it.closest('#story, #aside')).map(it => { \
        const copy = it.cloneNode(true); \
        for (const not of copy.querySelectorAll('bdi, code, kbd, select, textarea, form')) not.remove(); \
        return copy.textContent.trim(); })";

#[test]
fn the_words_of_every_page_are_in_the_language_that_was_chosen() {
    let w = World::with(TestServer::start(), &FILES);
    Story::new(&w, std::io::sink(), 1).play().unwrap();
    imported(&w);
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let is_english = |text: &str| {
        // A key of a phone begins so in any language.
        let text = text.replace("device:", "");
        let mut words = text.split(|c: char| !c.is_ascii_lowercase());
        words.any(|word| word.len() > 3)
    };
    screen.logs_in("admin");
    for english in [false, true] {
        let walked = walks(&screen, "admin", None, |path, _, _| {
            screen.goes(path);
            let told = screen.runs(OURS);
            let told = told.as_array().unwrap().iter().map(word);
            let wrong: Vec<_> = told
                .filter(|it| {
                    if english {
                        is_chinese(it)
                    } else {
                        is_english(it)
                    }
                })
                .collect();
            assert_eq!(wrong, Vec::<String>::new(), "{path}");
        });
        assert!(walked.len() > 20, "{walked:?}");
        screen.goes("/console").sends(".who form:first-of-type");
    }
}

/// What would run, were it let: behind everything that people can write.
macro_rules! hostile {
    ($($table:literal: $($column:literal),+;)+) => {
        [$($(concat!("UPDATE ", $table, " SET ", $column, " = ", $column, " || '\"''><img src=x onerror=window.ran=1>\
            <script>window.ran=1</script><svg onload=window.ran=1>{{7*7}}' WHERE ", $column, " IS NOT NULL")),+),+]
    };
}
const HOSTILE: &[&str] = &hostile! {
    "organisations": "name";
    "users": "display_name", "certificate_no";
    "campaigns": "code", "name";
    "teams": "name";
    "tasks": "code", "product_name", "plan_no";
    "enterprises": "name", "address", "legal_representative";
    "enterprise_aliases": "reason";
    "product_rules": "product_name", "unit", "method";
    "prior_samplings": "source", "product_name";
    "devices": "label", "revoked_reason";
    "visits": "enterprise_name";
    "samples": "sheet_no", "product_name";
    "cases": "enterprise_name";
    "evidence_reviews": "reason";
    "decisions": "reason";
};

#[test]
fn script_behind_everything_that_people_can_write_runs_on_no_page() {
    let w = World::with(TestServer::start(), &FILES);
    Story::new(&w, std::io::sink(), 1).play().unwrap();
    let alias = json!({ "from_key": "uscc:921405020000B2F60D", "reason": "同一店铺" });
    let path = format!("/v1/enterprises/{}/aliases", w.id("enterprise", "服饰"));
    w.call("POST", "admin", &path, alias).expect(200);
    imported(&w);
    let touched: u64 = HOSTILE.iter().map(|sql| w.server.writes(sql)).sum();
    assert!(touched > 100, "{touched}");
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("admin");
    let aliased = format!("/console/enterprises/{}", w.id("enterprise", "服饰"));
    let seen = std::cell::Cell::new(0);
    let walked = walks(&screen, "admin", Some(aliased), |path, _, _| {
        screen.goes(path);
        let state = "return [window.ran === 1, document.querySelectorAll('main script:not([src]), img[src=x], [onload], [onerror]').length, \
            document.body.innerText.includes('<script>window.ran=1</script>')]";
        let state = screen.runs(state);
        assert_eq!((&state[0], &state[1]), (&json!(false), &json!(0)), "{path}");
        seen.set(seen.get() + u32::from(state[2] == json!(true)));
        // The policy had nothing to stop: nothing was let as far as it.
        assert_eq!(screen.complaints(), Vec::<String>::new(), "{path}");
        assert_eq!(screen.strangers(), Vec::<String>::new(), "{path}");
    });
    assert!(walked.len() > 20, "{walked:?}");
    // As it was written it stands on most of them.
    assert!(seen.get() > 30, "on {} pages", seen.get());
    // What somebody looks for stands in the field that it was typed into.
    for path in [
        "/console/visits?name=",
        "/console/enterprises?q=",
        "/console/figures?region=",
        "/console/audit?act=",
        "/console/login?to=",
        "/console/review?visit=",
        "/console/adjudication/of?subject=",
    ] {
        screen.goes(&format!(
            "{path}%22%27%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.ran%3D1%3E%3Cscript%3Ewindow.ran%3D1%3C%2Fscript%3E"
        ));
        let state = "return [window.ran === 1, document.querySelectorAll('main script:not([src]), img[src=x]').length]";
        assert_eq!(screen.runs(state), json!([false, 0]), "{path}");
    }
}

/// A file that the administrator tried, whose page is found from today.
fn imported(w: &World) {
    let app = &w.server.app;
    w.server.runtime.block_on(async {
        let mut db = app.store.read().await.unwrap();
        let row = users::find_by_name(&mut db, "admin").await.unwrap();
        let row = row.unwrap();
        drop(db);
        let caller = Principal {
            user: row.user,
            organisation: row.organisation,
            organisation_kind: OrganisationKind::Authority,
            roles: row.roles,
            region_prefixes: vec![String::new()],
            device: None,
            session: app.new_uuid(),
        };
        let file = "name,region\n示例厂,000000x\n".into();
        let id = jobs::take(app, &caller, Kind::Enterprises, Act::Try, file).await;
        jobs::await_a_moment(app, &caller, id.unwrap())
            .await
            .unwrap();
    });
}

/// The visits that somebody is told of.
fn visits_of(w: &World, token: &str) -> BTreeSet<String> {
    let listed = w.server.get("/v1/visits", token).expect(200).body;
    let items = listed["items"].as_array().unwrap().iter();
    items.map(|it| word(&it["visit_id"])).collect()
}

#[test]
fn the_first_run_is_played_in_a_browser() {
    let server = TestServer::start();
    let Some(screen) = Screen::open(&server) else {
        return;
    };
    let begun = fieldseal_server::services::administrators::begin_first_run(&server.app);
    let token = server.runtime.block_on(begun).unwrap();
    screen.goes("/");
    assert_eq!(screen.path(), "/console/setup");
    screen.looks_at("/console/setup", "setup");
    screen.types("[name=token]", &token);
    screen.types("[name=authority]", "国家示例市场监督管理总局");
    screen.types("[name=display_name]", "<script>alert(1)</script>");
    screen.types("[name=password]", "correct horse battery");
    screen.sends("main form");
    assert_eq!(screen.path(), "/console");
    assert!(screen.text().contains("<script>alert(1)</script>"));
    screen.is_sound("the first page");
    screen.sends(".who form:first-of-type");
    screen.waits_for("Today");
    screen.sends(".who form:last-of-type");
    screen.waits_for("Log in");
}
