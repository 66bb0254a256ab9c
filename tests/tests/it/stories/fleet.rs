//! A fleet: fifty phones of twenty-five teams of three bodies make five hundred visits, and hand them in over a network with
//! every fault of the field. What is ruled in the end is what is ruled without a fault, nothing is lost and nothing doubled.
//!
//! The work is recorded once, offline and by a seed; then a copy of the server and of every phone goes through the weather,
//! and another copy through none. Times are evidence, and the verdicts must not hang on when things arrived: so entries at
//! one door are either at the same moment, or further apart than the clocks are uncertain after a week off the net, and all of
//! it was claimed before the first delivery of either copy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldseal_tests::catalogue::{Catalogue, DataFile};
use fieldseal_tests::network::Air;
use fieldseal_tests::soundness::{Received, assert_log_holds, receipts_on};
use fieldseal_tests::weather::{KINDS, Weather};
use fieldseal_tests::{Phone, TestServer, World, seed};
use mobile_ffi::ArrivalInput;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sync_core::model::{DocumentId, JointEntryId, SampleId, Uscc};
use tempfile::TempDir;

const TEAMS: usize = 25;
/// Of each team, with a phone each.
const MEMBERS: usize = 2;
const CAMPAIGNS: [(&str, &str); 2] = [("JD-1", "晋城市局"), ("JD-2", "山西省局")];
/// Of each team in each campaign.
const VISITS: usize = 10;
const SHOPS: usize = 40;
const BODIES: [&str; 3] = ["晋阳", "济宁", "申城"];
const PRODUCTS: [&str; 2] = ["头盔", "井盖"];
/// When a team walks in on each of five days, in minutes after midnight; the teams come one after the other.
const SLOTS: [i64; 4] = [8 * 60 + 30, 10 * 60 + 10, 13 * 60, 14 * 60 + 40];
/// Between two teams: more than twice what a clock is uncertain by after a week.
const APART_MINUTES: i64 = 3;
/// Rounds of syncs that the weather lasts at most.
const ROUNDS: usize = 8;
/// Of a hundred requests, those that no fault meets.
const FAIR: u32 = 55;

/// Until then the server has looked at every picture of the fleet.
const LOOKED_AT_WITHIN: Duration = Duration::from_secs(120);

/// One walk of a team into a shop.
struct Walk {
    at_minute: i64,
    team: usize,
    campaign: usize,
    shop: usize,
    joint: Option<JointEntryId>,
    number: usize,
}

fn person(team: usize, member: usize) -> String {
    format!("队{team}-{member}")
}

fn shop(number: usize) -> String {
    format!("店{number}")
}

fn task(campaign: usize, team: usize) -> String {
    format!("F{campaign}-{team}")
}

fn body(team: usize) -> &'static str {
    BODIES[team % BODIES.len()]
}

/// A code of the region with its check character.
fn uscc(number: usize) -> String {
    let leading = format!("92140502000{number:03}F2L");
    let check = Uscc::check_character(&leading).expect("a code");
    format!("{leading}{check}")
}

fn data() -> DataFile {
    let regions = ["140502", "140525", "140581"];
    let people: Vec<Value> = (0..TEAMS * MEMBERS)
        .map(|number| {
            let (team, member) = (number / MEMBERS, number % MEMBERS);
            json!({
                "key": person(team, member), "username": format!("fleet-{team}-{member}"),
                "name": person(team, member), "organisation": body(team), "roles": ["sampler"],
            })
        })
        .collect();
    let shops: Vec<Value> = (0..SHOPS)
        .map(|number| {
            json!({
                "key": shop(number), "name": format!("示例商店{number}"), "uscc": uscc(number),
                "region": regions[number % regions.len()], "address": format!("示例街 {number} 号"),
            })
        })
        .collect();
    let campaigns: Vec<Value> = CAMPAIGNS
        .iter()
        .enumerate()
        .map(|(campaign, (code, authority))| {
            let teams: Vec<Value> = (0..TEAMS)
                .map(|team| {
                    let members: Vec<_> = (0..MEMBERS).map(|it| person(team, it)).collect();
                    json!({ "key": format!("{code}-{team}"), "body": body(team), "members": members })
                })
                .collect();
            let tasks: Vec<Value> = (0..TEAMS)
                .map(|team| {
                    json!({
                        "code": task(campaign, team), "product": PRODUCTS[team % PRODUCTS.len()], "kind": "routine",
                        "body": body(team), "team": format!("{code}-{team}"),
                    })
                })
                .collect();
            json!({ "code": code, "name": code, "authority": authority, "teams": teams, "tasks": tasks })
        })
        .collect();
    let file = json!({ "people": people, "enterprises": shops, "campaigns": campaigns });
    serde_json::from_value(file).expect("data")
}

/// Where every team goes and when, in order. Some come to the door of another team of their body at the very same moment,
/// some with a team of another body.
fn walks(dice: &mut ChaCha8Rng) -> Vec<Walk> {
    let mut walks = Vec::new();
    let mut been: BTreeSet<(usize, usize, usize)> = BTreeSet::new();
    for number in 0..VISITS * CAMPAIGNS.len() {
        let campaign = number % CAMPAIGNS.len();
        let (day, slot) = ((number / SLOTS.len()) as i64, SLOTS[number % SLOTS.len()]);
        let mut before: Vec<Walk> = Vec::new();
        for team in 0..TEAMS {
            let free = |it: &usize| !been.contains(&(campaign, team, *it));
            let mut at_minute = day * 24 * 60 + slot + team as i64 * APART_MINUTES;
            let mut joint = None;
            let another = before
                .get(dice.random_range(0..=before.len()))
                .filter(|it| free(&it.shop));
            let shop = match (another, dice.random_range(0..10)) {
                (Some(other), 0..=3) if body(other.team) == body(team) => {
                    at_minute = other.at_minute;
                    other.shop
                }
                (Some(other), 4..=5) if body(other.team) != body(team) => {
                    joint = other.joint;
                    other.shop
                }
                _ => {
                    let start = dice.random_range(0..SHOPS);
                    let all = (0..SHOPS).map(|it| (start + it) % SHOPS);
                    all.into_iter().find(free).expect("more shops than visits")
                }
            };
            been.insert((campaign, team, shop));
            let own = JointEntryId(uuid::Uuid::from_u128((number * TEAMS + team) as u128 + 1));
            before.push(Walk {
                at_minute,
                team,
                campaign,
                shop,
                // Whoever comes along later declares the entry of the one who was first.
                joint: joint.or_else(|| dice.random_bool(0.3).then_some(own)),
                number,
            });
        }
        walks.extend(before);
    }
    walks.sort_by_key(|walk| walk.at_minute);
    walks
}

/// The server and the phones after the work, before it is handed in.
struct Base {
    folder: TempDir,
    catalogue: Catalogue,
    phones: Vec<(String, PathBuf)>,
    visits: BTreeSet<DocumentId>,
    samples: BTreeSet<SampleId>,
    seed: u64,
}

impl Base {
    fn record(seed: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let folder = TempDir::new().unwrap();
        let mut w = World::with(TestServer::start_in(folder.path()), &["bodies", "shanxi"]);
        w.load(&data());
        w.at("2025-03-02 18:00");
        let mut phones: Vec<Phone> = (0..TEAMS * MEMBERS)
            .map(|number| w.phone(&person(number / MEMBERS, number % MEMBERS)))
            .collect();
        for phone in &phones {
            phone.unruly().offline();
        }
        let monday = fieldseal_tests::world::shanghai_ms("2025-03-03 00:00");
        let (mut visits, mut samples) = (BTreeSet::new(), BTreeSet::new());
        let mut handed_in = false;
        for walk in walks(&mut dice) {
            w.server.clock.set(monday + walk.at_minute * 60_000);
            let first = walk.team * MEMBERS + walk.number % MEMBERS;
            let phone = &mut phones[first];
            phone.works_in(CAMPAIGNS[walk.campaign].0);
            let visit = phone.goes_to(&shop(walk.shop));
            visits.insert(visit);
            let arrival = ArrivalInput {
                joint_entry_id: walk.joint,
                ..phone.arrival()
            };
            samples.extend(works(
                &w,
                phone,
                arrival,
                &task(walk.campaign, walk.team),
                &mut dice,
            ));
            if dice.random_bool(0.2) {
                let other = &mut phones[walk.team * MEMBERS + (walk.number + 1) % MEMBERS];
                other.works_in(CAMPAIGNS[walk.campaign].0);
                assert_eq!(
                    other.goes_to(&shop(walk.shop)),
                    visit,
                    "one team, one document"
                );
                other.client.record_arrival(visit, other.arrival()).unwrap();
                other.client.splice_notes(visit, 0, 0, "同组补记").unwrap();
            }
            // On the third evening every third phone finds a net; the others come late.
            if !handed_in && walk.at_minute > 3 * 24 * 60 {
                handed_in = true;
                for phone in phones.iter().step_by(3) {
                    phone.online().syncs();
                    phone.offline();
                }
            }
        }
        let phones = phones
            .into_iter()
            .map(|phone| (phone.owner.clone(), phone.file().to_owned()))
            .collect();
        let catalogue = w.catalogue();
        w.server.stop();
        Self {
            folder,
            catalogue,
            phones,
            visits,
            samples,
            seed,
        }
    }

    /// A copy of all of it, on the Saturday after.
    fn copy(&self, to: &Path) -> (World, Vec<Phone>) {
        let server = TestServer::start_copy(self.folder.path(), to);
        let w = World::on(server, self.catalogue.clone());
        w.at("2025-03-08 08:00");
        let air = Arc::new(Air::default());
        let phones = self
            .phones
            .iter()
            .enumerate()
            .map(|(number, (owner, file))| {
                let file = to.join(file.file_name().unwrap());
                let phone = w.phone_on(owner, file, self.seed ^ (1_000 + number as u64));
                phone.network.redirect(&w.server.url(""));
                phone.network.shares(&air);
                phone
            });
        let phones = phones.collect();
        (w, phones)
    }
}

/// What is done in a shop: nothing yet, a draft, a spoiled sheet, a sealed one, with photographs or without.
fn works(
    w: &World,
    phone: &Phone,
    arrival: ArrivalInput,
    task: &str,
    dice: &mut ChaCha8Rng,
) -> Option<SampleId> {
    let kind = dice.random_range(0..10);
    // Of what is photographed in full many models are made: among so many visits few would be without a duplicate.
    let models = if kind == 0 { 600 } else { 6 };
    let product = json!({ "spec_model": format!("{}型", dice.random_range(0..models)) });
    if kind == 0 {
        // With everything that a visit needs.
        phone.arrives_as(arrival);
        return Some(phone.draws_with(task, product));
    }
    let visit = phone.visit();
    phone.client.record_arrival(visit, arrival).unwrap();
    match kind {
        1..=2 => return None,
        3 => {
            let suspension = phone.suspends("停电");
            w.minutes(1);
            phone.resumes(suspension);
            return None;
        }
        _ => {}
    }
    let sheet = phone.fills_bare(task, product);
    match kind {
        4 => phone.client.void_sheet(visit, sheet, "写错").unwrap(),
        5..=7 => phone.seals(sheet),
        _ => {}
    }
    Some(sheet)
}

/// Everybody hands in, in any order, over a network with faults, until it is mended and all is through. What was met.
fn hand_in(w: &World, phones: &mut [Phone], seed: u64) -> BTreeSet<&'static str> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    for (number, phone) in phones.iter().enumerate() {
        let weather = Weather::seeded(seed ^ (number as u64 + 1) << 20, FAIR);
        phone.network.weather(Some(weather));
    }
    for _ in 0..ROUNDS {
        let mut order: Vec<usize> = (0..phones.len()).collect();
        order.shuffle(&mut dice);
        for number in order {
            w.minutes(dice.random_range(0..4));
            let phone = &mut phones[number];
            if dice.random_bool(0.05) {
                phone.restarts();
            }
            phone.tries_to_sync();
        }
        if phones.iter().all(|phone| unsent(phone) == 0) {
            break;
        }
    }
    let met = phones
        .iter()
        .flat_map(|phone| phone.network.met())
        .collect();
    for phone in phones.iter() {
        phone.network.weather(None);
        phone.network.settles();
    }
    // Whoever was asked for patience has had it.
    w.minutes(24 * 60);
    met
}

fn unsent(phone: &Phone) -> i64 {
    let visits = phone.client.visits().unwrap();
    visits.iter().map(|it| it.unsent).sum()
}

/// What stands in the end, in words: dossiers by visit, pages of samples, what phones hold.
type Standing = BTreeMap<String, Value>;

/// What differs by right between two deliveries of the same: when things arrived and were ruled, in how many steps and by
/// which scope, and under which drawn ids.
const BY_RIGHT: &[&str] = &[
    "received_at",
    "decided_at",
    "decided_at_ms",
    "scope",
    "changed_at",
    "found_at",
    "ruling_id",
    "version",
    "facts",
    "proven",
    "item_id",
];

fn without_what_differs_by_right(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in BY_RIGHT {
                fields.remove(*name);
            }
            fields.values_mut().for_each(without_what_differs_by_right);
        }
        Value::Array(items) => items.iter_mut().for_each(without_what_differs_by_right),
        _ => {}
    }
}

fn standing(w: &World, base: &Base, phones: &[Phone]) -> Standing {
    let mut standing = Standing::new();
    for visit in &base.visits {
        let mut dossier = w.dossier(*visit);
        // The steps on the way to what stands are those of one delivery.
        dossier["rulings"] = json!(latest(&dossier["rulings"]));
        standing.insert(format!("visit {visit}"), dossier);
    }
    for sample in &base.samples {
        standing.insert(format!("sample {sample}"), w.sample(*sample));
    }
    for phone in phones {
        for visit in phone.client.visits().unwrap() {
            let mut rulings = phone.client.rulings(visit.document_id).unwrap();
            rulings.sort_by(|one, other| one.subject.cmp(&other.subject));
            let key = format!("{} on {}", visit.document_id, phone.owner);
            standing.insert(key, serde_json::to_value(&rulings).unwrap());
        }
    }
    standing
        .values_mut()
        .for_each(without_what_differs_by_right);
    standing
}

/// The highest version on each subject, by subject.
fn latest(rulings: &Value) -> Vec<Value> {
    let mut latest: BTreeMap<String, Value> = BTreeMap::new();
    for ruling in rulings.as_array().expect("rulings") {
        let subject = ruling["subject"].to_string();
        let newer = latest
            .get(&subject)
            .is_none_or(|kept| kept["version"].as_i64() < ruling["version"].as_i64());
        if newer {
            latest.insert(subject, ruling.clone());
        }
    }
    latest.into_values().collect()
}

/// Every change of every phone is in the log, once, and its phone has the receipt.
fn nothing_lost_and_nothing_doubled(w: &World, phones: &[Phone]) {
    let (mut written, mut received) = (Received::new(), Received::new());
    for phone in phones {
        assert_eq!(unsent(phone), 0, "{}", phone.owner);
        let own: Received = phone
            .client
            .doctor()
            .unwrap()
            .into_iter()
            .filter(|it| it.own)
            .inspect(|it| assert_eq!(it.state, "received", "{}", it.en))
            .map(|it| (it.document_id.to_string(), it.hash.to_string()))
            .collect();
        let held = receipts_on(phone.file());
        let without: Vec<_> = own.difference(&held).collect();
        assert!(
            without.is_empty(),
            "{} has no receipt of {without:?}",
            phone.owner
        );
        written.extend(own);
        received.extend(held);
    }
    assert_log_holds(&w.server, &received);
    let logged = w.server.reads("SELECT hash FROM changes");
    assert_eq!(
        logged.len(),
        written.len(),
        "what was written, and nothing else"
    );
}

/// Sends what was photographed, and waits until the server has looked at all of it and the phones have heard.
fn shows_what_it_has(w: &World, phones: &[Phone]) {
    for phone in phones {
        let sent = phone.client.upload().unwrap();
        assert_eq!((sent.put_off, sent.aside), (0, 0), "{sent:?}");
    }
    let looked_at = || {
        // In this order: each leads to the next.
        [
            "SELECT 1 FROM uploads WHERE state = 'checking'",
            "SELECT 1 FROM media WHERE state = 'waiting'",
            "SELECT 1 FROM dirty_scopes",
        ]
        .iter()
        .all(|sql| w.server.reads(sql).is_empty())
    };
    let patience = Instant::now() + LOOKED_AT_WITHIN;
    while !looked_at() {
        assert!(Instant::now() < patience, "the server looks at nothing");
        std::thread::sleep(Duration::from_millis(20));
    }
    for phone in phones {
        phone.syncs();
    }
}

#[test]
fn fifty_phones_under_every_fault_come_to_the_rulings_of_a_network_without_any() {
    let seed = seed::of_this_run();
    let base = Base::record(seed);
    assert_eq!(base.visits.len(), TEAMS * VISITS * CAMPAIGNS.len());
    let outcome = |w: &World, phones: &[Phone]| {
        for _ in 0..2 {
            for phone in phones {
                phone.syncs();
            }
        }
        nothing_lost_and_nothing_doubled(w, phones);
        shows_what_it_has(w, phones);
        standing(w, &base, phones)
    };
    let (without_faults, with_faults) = std::thread::scope(|scope| {
        let without = scope.spawn(|| {
            let folder = TempDir::new().unwrap();
            let (w, phones) = base.copy(folder.path());
            outcome(&w, &phones)
        });
        let folder = TempDir::new().unwrap();
        let (w, mut phones) = base.copy(folder.path());
        let met = hand_in(&w, &mut phones, seed);
        assert_eq!(met, KINDS.into_iter().collect(), "every kind of fault");
        let with = outcome(&w, &phones);
        (without.join().expect("a delivery without a fault"), with)
    });

    let ruled = serde_json::to_string(&without_faults).unwrap();
    for word in [
        "first",
        "excess",
        "contested",
        "valid",
        "duplicate",
        "needs_ruling",
    ] {
        assert!(
            ruled.contains(&format!("\"{word}\"")),
            "the fleet has no {word}"
        );
    }
    assert!(without_faults.keys().eq(with_faults.keys()));
    for (what, one) in &without_faults {
        let other = &with_faults[what];
        let (one, other) = (one.to_string(), other.to_string());
        let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b);
        let from = one.floor_char_boundary(same.count().saturating_sub(200));
        let shown = |text: &str| {
            text.get(from..)
                .unwrap_or_default()
                .chars()
                .take(600)
                .collect::<String>()
        };
        assert!(
            one == other,
            "{what}:\n- {}\n+ {}",
            shown(&one),
            shown(&other)
        );
    }
}
