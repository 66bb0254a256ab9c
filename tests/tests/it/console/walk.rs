//! Every page, with every role: whoever may not open it is told so, what lies elsewhere is not found, nobody else is asked
//! for anything, and the browser has nothing to complain about. Whoever adds a page says in `filled` what its address needs.

use fieldseal_server::access::operations::Who;
use fieldseal_server::access::role::word;
use fieldseal_server::console::pages::{PAGES, Page};
use fieldseal_tests::provider::Browser;
use fieldseal_tests::{Screen, TestServer};

use super::logs_in;

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

fn is_for(page: &Page, role: &str) -> bool {
    match page.who {
        Who::Public | Who::Anyone => true,
        Who::Roles(roles) => roles.iter().any(|it| word(it) == role),
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
