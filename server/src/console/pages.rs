//! Every page of the console by its address: who may open it, what the navigation calls it, and its handlers. The door asks
//! this table, the router is made from it, and a test walks it with every role; a page that is not in it cannot be opened.
//!
//! To add a page: its handler in a file of its own, its template below `server/templates`, its words in `words.rs`, and a
//! row here. An address that changes something has a row of its own, so that the table says who may.

use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get, post};
use sync_core::limits::{CONSOLE_KEPT_FORM_BYTES_MAX, IMPORT_BYTES_MAX};

use super::house::{
    audit, campaigns, devices, enterprises, imports, organisations, prior_samplings, product_rules,
    rulebooks, tasks, teams, users,
};
use super::words::Words;
use super::{
    adjudication, assets, cases, dossier, events, figures, language, login, quarantine, review,
    setup, today, visits,
};
use crate::access::operations::Who;
use crate::access::{Principal, Role};
use crate::app::App;

/// A page.
pub struct Page {
    /// Its address; `/console` and what is below.
    pub path: &'static str,
    /// Who may open it. What they find there is scoped by the services.
    pub who: Who,
    /// What the navigation calls it; none for pages that others lead to.
    pub link: Option<fn(&Words) -> &'static str>,
    /// Its handlers.
    pub route: fn() -> MethodRouter<App>,
    /// Whether it is there while there is nobody yet.
    pub before_all: bool,
}

/// Who reads who there is, and on which phones.
const PEOPLE: Who = Who::Roles(&[Role::Admin, Role::InspectionBody]);
/// Who plans.
const PLANNERS: Who = Who::Roles(&[Role::Authority, Role::Admin]);
/// Who keeps the house.
const KEEPERS: Who = Who::Roles(&[Role::Admin]);

const fn public(path: &'static str, route: fn() -> MethodRouter<App>) -> Page {
    Page {
        path,
        who: Who::Public,
        link: None,
        route,
        before_all: false,
    }
}

const fn page(path: &'static str, who: Who, route: fn() -> MethodRouter<App>) -> Page {
    Page {
        who,
        ..public(path, route)
    }
}

impl Page {
    /// Named in the navigation.
    const fn linked(self, link: fn(&Words) -> &'static str) -> Self {
        Self {
            link: Some(link),
            ..self
        }
    }

    /// There while there is nobody yet.
    const fn before_all(self) -> Self {
        Self {
            before_all: true,
            ..self
        }
    }
}

/// The table; the navigation is in its order.
pub const PAGES: &[Page] = &[
    // Coming in and going out.
    public("/console/assets/{name}", || get(assets::get_asset)).before_all(),
    public("/console/language", || post(language::choose)).before_all(),
    public("/console/setup", || get(setup::show).post(setup::make)).before_all(),
    public("/console/login", || get(login::show).post(login::enter)),
    public("/console/login/provider", || get(login::to_provider)),
    public("/console/login/finish", || get(login::from_provider)),
    page("/console/logout", Who::Anyone, || post(login::leave)),
    page("/console/events", Who::Anyone, || get(events::listen)),
    // What waits.
    page("/console", Who::Anyone, || get(today::show)).linked(|w| w.today),
    // Evidence.
    page("/console/review", review::WHO, || get(review::list::show)).linked(|w| w.review_title),
    page("/console/review/{document}/{evidence}", review::WHO, || {
        get(review::piece::show).post(review::piece::decide)
    }),
    // What persons decide.
    page("/console/adjudication", adjudication::WHO, || {
        get(adjudication::list)
    })
    .linked(|w| w.adjudication_title),
    page("/console/adjudication/of", adjudication::WHO, || {
        get(adjudication::show).post(adjudication::decide)
    }),
    page(quarantine::HERE, quarantine::WHO, || get(quarantine::show)),
    // Refusals and reports.
    page("/console/cases", cases::WHO, || get(cases::list)).linked(|w| w.cases_title),
    page("/console/cases/{document}/{subject}", cases::WHO, || {
        get(cases::show).post(cases::acts)
    }),
    // Bytes.
    page(
        "/console/media/{document}/{evidence}/{part}",
        Who::Anyone,
        || get(review::media::get_media),
    ),
    // The dossier of a visit.
    page("/console/visits/{document}", Who::Anyone, || {
        get(dossier::show)
    }),
    page(
        "/console/visits/{document}/forms/{kind}/{subject}",
        Who::Anyone,
        || get(dossier::files::form),
    ),
    page(
        "/console/visits/{document}/admission",
        Who::Roles(&[Role::Authority]),
        || post(dossier::files::admit),
    ),
    // Lists.
    page("/console/visits", Who::Anyone, || get(visits::show)).linked(|w| w.visits),
    page("/console/visits.csv", Who::Anyone, || get(visits::file)),
    page("/console/figures", Who::Anyone, || get(figures::show)).linked(|w| w.figures),
    page("/console/figures.csv", Who::Anyone, || get(figures::file)),
    // Running the house.
    page("/console/campaigns", Who::Anyone, || get(campaigns::show)).linked(|w| w.campaigns),
    page("/console/campaigns/new", PLANNERS, || post(campaigns::make)),
    page("/console/tasks", Who::Anyone, || get(tasks::show)).linked(|w| w.tasks),
    page("/console/tasks/new", PLANNERS, || post(tasks::make)),
    page("/console/tasks/{id}", Who::Anyone, || get(tasks::one)),
    page("/console/tasks/{id}/approval", PLANNERS, || {
        post(tasks::approve)
    }),
    page("/console/tasks/{id}/assignment", PLANNERS, || {
        post(tasks::assign)
    }),
    page("/console/tasks/{id}/cancellation", PLANNERS, || {
        post(tasks::cancel)
    }),
    page("/console/teams", Who::Anyone, || get(teams::show)).linked(|w| w.teams),
    page("/console/teams/new", PEOPLE, || post(teams::make)),
    page("/console/teams/{id}", Who::Anyone, || get(teams::one)),
    page("/console/teams/{id}/members", PEOPLE, || {
        post(teams::choose)
    }),
    page("/console/enterprises", Who::Anyone, || {
        get(enterprises::show)
    })
    .linked(|w| w.enterprises),
    page("/console/enterprises/new", PLANNERS, || {
        post(enterprises::make)
    }),
    page("/console/enterprises/{id}", Who::Anyone, || {
        get(enterprises::one)
    }),
    page("/console/enterprises/{id}/aliases", PLANNERS, || {
        post(enterprises::alias)
    }),
    page(
        "/console/enterprises/{id}/aliases/{alias}",
        PLANNERS,
        || get(enterprises::ask_undo).post(enterprises::undo),
    ),
    page("/console/prior-samplings", Who::Anyone, || {
        get(prior_samplings::show)
    })
    .linked(|w| w.prior_samplings),
    page("/console/product-rules", Who::Anyone, || {
        get(product_rules::show)
    })
    .linked(|w| w.product_rules),
    page("/console/product-rules/new", PLANNERS, || {
        post(product_rules::make)
    }),
    page("/console/prior-samplings/new", PLANNERS, || {
        post(prior_samplings::make)
    }),
    page("/console/rulebooks", Who::Anyone, || get(rulebooks::show)).linked(|w| w.rulebooks),
    page("/console/rulebooks/new", PLANNERS, || {
        post(rulebooks::publish)
    }),
    page("/console/rulebooks/{id}/{version}", Who::Anyone, || {
        get(rulebooks::one)
    }),
    page("/console/imports/{kind}", PLANNERS, || {
        get(imports::show)
            .post(imports::take)
            .layer(DefaultBodyLimit::max(
                IMPORT_BYTES_MAX + CONSOLE_KEPT_FORM_BYTES_MAX,
            ))
    }),
    page("/console/imports/{kind}/{id}", PLANNERS, || {
        get(imports::one)
    }),
    page("/console/organisations", PEOPLE, || {
        get(organisations::show)
    })
    .linked(|w| w.organisations),
    page("/console/organisations/new", KEEPERS, || {
        post(organisations::make)
    }),
    page("/console/users", PEOPLE, || get(users::show)).linked(|w| w.users),
    page("/console/users/new", KEEPERS, || post(users::make)),
    page("/console/users/{id}", PEOPLE, || get(users::one)),
    page("/console/users/{id}/change", KEEPERS, || {
        post(users::change)
    }),
    page("/console/users/{id}/roles", KEEPERS, || {
        post(users::reassign)
    }),
    page("/console/devices", PEOPLE, || get(devices::show)).linked(|w| w.devices),
    page("/console/devices/enrolment", KEEPERS, || {
        post(devices::enrol)
    }),
    page("/console/devices/{id}", PEOPLE, || get(devices::one)),
    page("/console/devices/{id}/revocation", KEEPERS, || {
        post(devices::revoke)
    }),
    page("/console/audit", KEEPERS, || get(audit::show)).linked(|w| w.audit),
];

/// The page of an address as the router names it.
pub fn find(path: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.path == path)
}

/// Whether somebody who is logged in may open the page of this address.
pub fn may_open_at(path: &str, principal: &Principal) -> bool {
    find(path).is_some_and(|page| may_open(page, principal))
}

/// Whether somebody who is logged in may open it.
pub fn may_open(page: &Page, principal: &Principal) -> bool {
    page.who.admits(principal)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_page_has_one_row_and_lies_below_the_console() {
        let paths: BTreeSet<_> = PAGES.iter().map(|page| page.path).collect();
        assert_eq!(paths.len(), PAGES.len());
        for path in paths {
            assert!(
                path == "/console" || path.starts_with("/console/"),
                "{path}"
            );
        }
    }
}
