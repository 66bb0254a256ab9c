//! The page of a person: their roles and regions are changed there, without a script too, by several administrators at once.

use fieldseal_tests::provider::Browser;
use fieldseal_tests::screen::WIDTHS;
use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::{Screen, World};
use serde_json::{Value, json};

use super::{form, logs_in};

const FORM: &str = "form[action$=roles]";

/// Opens the form.
fn opens(screen: &Screen) {
    screen.runs(&format!(
        "document.querySelector('{FORM}').closest('details').open = true"
    ));
}

fn ticks(screen: &Screen, role: &str) {
    screen.clicks(&format!("{FORM} input[type=checkbox][value={role}]"));
}

/// Roles and regions of somebody as they are.
fn assigned(w: &World, user: &str) -> Value {
    let user = w.get(&format!("/v1/users/{user}"));
    json!([user["roles"], user["regions"]])
}

#[test]
fn roles_and_regions_are_changed_on_the_page_of_a_person() {
    let w = World::shanxi();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    let user = w.id("user", "晋城");
    let page = format!("/console/users/{user}");
    screen.logs_in("admin");
    for (width, scripts) in [(WIDTHS[0], true), (WIDTHS[1], false)] {
        screen.scripts(scripts);
        screen.widens(width);
        screen.goes(&page);
        let title = format!("details:has({FORM}) summary");
        assert_eq!(screen.sees(&title), "更改角色和行政区划");
        screen.clicks(&title);
        // Those of this kind of organisation, and no others.
        let offered = format!(
            "return [...document.querySelectorAll('{FORM} [type=checkbox]')].map(it => it.value).join()"
        );
        let all = "authority,enforcement,quality_section,leader,consulted,county,sampler,admin";
        assert_eq!(screen.runs(&offered), all);
        ticks(&screen, "enforcement");
        screen.types(&format!("{FORM} [name=regions]"), "140502，140525、370000");
        assert_eq!(screen.overflows(), Vec::<String>::new());
        screen.sends(FORM);
        // It comes back as it was typed.
        let told = screen.sees("#returned");
        assert!(told.contains("含有超出该组织辖区的区划"), "{told}");
        let kept = format!(
            "return [document.querySelector('{FORM} [value=enforcement]').checked, document.querySelector('{FORM} [name=regions]').value]"
        );
        let typed = json!([true, "140502，140525、370000"]);
        assert_eq!(screen.runs(&kept), typed);
        let complaints = screen.complaints();
        assert!(
            complaints.iter().all(|it| it.contains("422")),
            "{complaints:?}"
        );
        if scripts {
            screen.is_sound("a person's form that came back");
        }
        assert_eq!(screen.overflows(), Vec::<String>::new());
        screen.pictured("person");
        // Meanwhile somebody else made them of the county, too: that is not undone by a page that never showed it.
        let path = format!("/v1/users/{user}");
        let other = json!({ "roles": ["authority", "county"], "regions": ["140500", "140581"] });
        w.call("PATCH", "admin", &path, other).expect(200);
        screen.types(&format!("{FORM} [name=regions]"), "140502 140525");
        screen.sends(FORM);
        assert_eq!(screen.path(), page);
        let now = json!([
            ["authority", "enforcement", "county"],
            ["140502", "140525", "140581"]
        ]);
        assert_eq!(assigned(&w, &user), now);
        let facts = screen.text();
        assert!(
            facts.contains("现场执法") || facts.contains("执法"),
            "{facts}"
        );
        let back = json!({ "roles": ["authority"], "regions": ["140500"] });
        w.call("PATCH", "admin", &path, back).expect(200);
    }
    screen.scripts(true);
    // Nobody takes the administrator's role from themselves; in English.
    let own = w.get("/v1/users");
    let own = own["items"].as_array().unwrap().iter();
    let mut own = own.filter(|it| it["username"] == "admin");
    let own = own.next().unwrap()["user_id"].as_str().unwrap().to_owned();
    screen.goes(&format!("/console/users/{own}"));
    opens(&screen);
    ticks(&screen, "admin");
    screen.sends(FORM);
    let told = screen.sees("#returned");
    assert!(told.contains("必须保留一名管理员"), "{told}");
    assert!(told.contains("不能取消或停用自己的管理员身份"), "{told}");
    screen.complaints();
    screen.goes(&page);
    screen.sends(".who form:first-of-type");
    opens(&screen);
    let title = format!("details:has({FORM}) summary");
    assert_eq!(screen.sees(&title), "Other roles or regions");
    ticks(&screen, "leader");
    screen.sends(FORM);
    assert_eq!(
        assigned(&w, &user),
        json!([["authority", "leader"], ["140500"]])
    );
    screen.widens(WIDTHS[0]);
    opens(&screen);
    screen.is_sound("a person");
    screen.pictured("person-english");
}

#[test]
fn people_of_a_body_have_no_regions_and_whoever_sees_more_is_not_offered_to_be_changed() {
    let w = World::shanxi();
    let house = w.id("organisation", "晋城市局");
    let new = json!({
        "organisation_id": house, "username": "county", "display_name": "县管理员",
        "roles": ["admin"], "regions": ["140502"], "password": PASSWORD,
    });
    w.call("POST", "admin", "/v1/users", new).expect(201);
    let mut browser = Browser::default();
    let mut shows = |who: &str, path: &str| {
        logs_in(&w.server, &mut browser, who);
        let shown = browser.call(&w.server.url(path), None);
        assert_eq!(shown.status, 200, "{path}");
        shown.body
    };
    let sampler = format!("/console/users/{}", w.id("user", "王"));
    let page = shows("admin", &sampler);
    assert!(
        page.contains("/roles\"") && !page.contains("shown_regions"),
        "{page}"
    );
    assert!(page.contains("value=\"lab_receiver\"") && !page.contains("value=\"enforcement\""));
    // Of their own house, and further than they see.
    let wider = format!("/console/users/{}", w.id("user", "晋城"));
    let page = shows("county", &wider);
    assert!(!page.contains("/roles\""), "{page}");
    let inside = format!("/console/users/{}", w.id("user", "韩"));
    assert!(shows("county", &inside).contains("/roles\""));
    // Nor is it taken.
    let typed = form(&[("shown_roles", "authority"), ("roles", "leader")]);
    let refused = browser.call(&w.server.url(&format!("{wider}/roles")), Some(&typed));
    assert_eq!(refused.status, 403, "{}", refused.body);
    // Nobody is left without a role.
    let typed = form(&[("_from", &inside), ("shown_roles", "enforcement")]);
    let refused = browser.call(&w.server.url(&format!("{inside}/roles")), Some(&typed));
    assert_eq!(refused.status, 422, "{}", refused.body);
    let marked = "<p class=\"hint wrong\">未填写</p>";
    assert!(refused.body.contains(marked), "{}", refused.body);
}
