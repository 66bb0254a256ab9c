//! Two phones that prove to each other that they stood together (到场互签), and phones that did not: which finding follows, with
//! its reason. Neither phone's own fix is taken for the confirmation here, so that the codes alone decide.

use fieldseal_tests::gate::{filmed, north_of_shop};
use fieldseal_tests::world::word;
use mobile_ffi::{ConfirmedSubject, Fix};
use sync_core::limits::CODE_ANSWERED_MS;
use sync_core::model::DocumentId;

use super::handed_over::{Gate, code};

impl Gate {
    fn subject(&self) -> ConfirmedSubject {
        ConfirmedSubject::Refusal(self.refusal)
    }

    /// The supervisor's question from one place, answered so many minutes later from another, and the case handed over.
    fn meets_apart(&self, asked_from: Option<Fix>, minutes: i64, answered_from: Option<Fix>) {
        self.han.stands(asked_from);
        let question = filmed(&self.han.client.question().unwrap());
        self.w.minutes(minutes);
        self.wang.stands(answered_from);
        let answer = self
            .wang
            .client
            .answer(&question, self.visit, self.subject());
        let answer = filmed(&answer.unwrap());
        self.han.client.hear_answer(&answer).unwrap();
        let parcel = self.wang.hands_over(&question, self.visit);
        self.han.opens(&parcel).unwrap();
    }

    /// Two officers confirm where no satellite is seen.
    fn confirms_without_a_fix(&self) -> DocumentId {
        self.han.stands(None);
        self.han.confirms(&self.w, self.case(), "confirmed")
    }

    /// What the server says of the refusal: its standing, and why the confirmation is not one on site.
    fn decided(&self) -> (String, Vec<String>) {
        self.w.sync_all(&[&self.wang, &self.han]);
        let subject = format!("refusal/{}", self.refusal);
        let rulings = self.w.rulings(self.visit);
        let ruling = rulings.iter().find(|it| word(&it["subject"]) == subject);
        let ruling = ruling.expect("it is ruled");
        let findings = ruling["findings"].as_array().unwrap().iter();
        let mut said: Vec<_> = findings
            .filter(|it| {
                ["REFUSE.not_on_site", "REFUSE.far"].contains(&it["message"].as_str().unwrap())
            })
            .map(|it| match it["arguments"]["why"].as_str() {
                Some(why) => why.to_owned(),
                None => format!("{} m", word(&it["arguments"]["metres"])),
            })
            .collect();
        said.sort();
        // I4: the phones say the same of it.
        for phone in [&self.wang, &self.han] {
            let here = phone.client.preview(self.visit).unwrap();
            let of_place = here
                .findings
                .iter()
                .filter(|it| it.finding.message == "REFUSE.not_on_site");
            let mut whys: Vec<_> = of_place
                .map(|it| it.finding.arguments["why"].clone())
                .collect();
            whys.sort();
            let not_far: Vec<_> = said
                .iter()
                .filter(|it| !it.ends_with(" m"))
                .cloned()
                .collect();
            assert_eq!(whys, not_far);
        }
        (word(&ruling["outcome"]), said)
    }
}

fn unconfirmed(why: &str) -> (String, Vec<String>) {
    ("unconfirmed".to_owned(), vec![why.to_owned()])
}

fn confirmed() -> (String, Vec<String>) {
    ("confirmed".to_owned(), Vec::new())
}

#[test]
fn a_question_that_is_answered_within_minutes_proves_presence_and_a_stale_one_does_not() {
    for (minutes, expected) in [
        (0, confirmed()),
        (9, confirmed()),
        (11, unconfirmed("co_signature_times")),
        (600, unconfirmed("co_signature_times")),
    ] {
        let g = Gate::refused();
        g.meets_apart(None, minutes, None);
        g.confirms_without_a_fix();
        assert_eq!(g.decided(), expected, "{minutes}");
    }
}

#[test]
fn an_answer_to_another_question_is_not_heard_and_one_of_two_questions_is_found() {
    let mut g = Gate::refused();
    let feng = g.w.phone("冯");
    feng.offline();
    let theirs = filmed(&feng.client.question().unwrap());
    let first = filmed(&g.han.client.question().unwrap());
    let second = filmed(&g.han.client.question().unwrap());
    let answered = |question: &str| {
        let answer = g.wang.client.answer(question, g.visit, g.subject());
        filmed(&answer.unwrap())
    };
    let (to_feng, to_first) = (answered(&theirs), answered(&first));
    assert_eq!(
        code(g.han.client.hear_answer(&to_feng)),
        "co_signature.other_question"
    );
    assert_eq!(
        code(feng.client.hear_answer(&to_first)),
        "co_signature.other_question"
    );
    // A question is no answer, nor the other way round.
    assert_eq!(
        code(g.han.client.hear_answer(&first)),
        "co_signature.malformed"
    );
    assert_eq!(
        code(g.wang.client.answer(&to_first, g.visit, g.subject())),
        "co_signature.malformed"
    );
    // Of two that were shown, the one that was answered; heard twice it is one.
    g.han.client.hear_answer(&to_first).unwrap();
    g.han.client.hear_answer(&to_first).unwrap();
    let parcel = g.wang.hands_over(&second, g.visit);
    g.han.opens(&parcel).unwrap();
    let confirmation = g.confirms_without_a_fix();
    let read = g.han.client.confirmation(confirmation).unwrap();
    assert_eq!(
        read["co_signatures"].as_array().map(Vec::len),
        Some(1),
        "{read:#}"
    );
    // One more of the same supervisor's, by another phone of the team, is one more.
    assert_eq!(g.decided(), confirmed());
    g.han.restarts();
    // After a day nothing answers it any more.
    g.w.server.clock.advance_ms(CODE_ANSWERED_MS + 1);
    assert_eq!(
        code(g.han.client.hear_answer(&to_first)),
        "co_signature.other_question"
    );
}

#[test]
fn a_code_that_is_passed_on_and_shown_at_another_place_proves_nothing() {
    // A picture of the question reaches the gate within minutes, while the supervisor stands five kilometres away.
    let g = Gate::refused();
    g.meets_apart(north_of_shop(5_000), 2, north_of_shop(0));
    g.confirms_without_a_fix();
    assert_eq!(g.decided(), unconfirmed("co_signature_places"));

    // The sampler answers five kilometres from where the team walked in.
    let g = Gate::refused();
    g.meets_apart(north_of_shop(0), 2, north_of_shop(5_000));
    g.confirms_without_a_fix();
    assert_eq!(g.decided(), unconfirmed("co_signature_places"));

    // Both together, and neither at the gate.
    let g = Gate::refused();
    g.meets_apart(north_of_shop(5_000), 0, north_of_shop(5_000));
    g.confirms_without_a_fix();
    assert_eq!(g.decided(), unconfirmed("co_signature_places"));

    // Where only one of the two knows where it is, that place is asked.
    let g = Gate::refused();
    g.meets_apart(None, 0, north_of_shop(5_000));
    g.confirms_without_a_fix();
    assert_eq!(g.decided(), unconfirmed("co_signature_places"));
    let g = Gate::refused();
    g.meets_apart(None, 0, north_of_shop(100));
    g.confirms_without_a_fix();
    assert_eq!(g.decided(), confirmed());
}

#[test]
fn a_fix_that_is_far_away_goes_before_a_co_signature_and_a_made_up_one_is_none() {
    let g = Gate::refused();
    g.meets_apart(None, 0, None);
    g.han.stands(north_of_shop(5_000));
    g.han.confirms(&g.w, g.case(), "confirmed");
    let (standing, said) = g.decided();
    assert_eq!((standing.as_str(), said.len()), ("unconfirmed", 1));
    let metres: i64 = said[0].trim_end_matches(" m").parse().unwrap();
    assert!((4_950..5_100).contains(&metres), "{metres}");

    // An app that makes places up: at the gate it is not believed, and far away it takes nothing from the codes.
    let made_up = |metres| north_of_shop(metres).map(|it| Fix { mocked: true, ..it });
    let g = Gate::refused();
    g.meets_apart(made_up(5_000), 0, made_up(5_000));
    g.confirms_without_a_fix();
    assert_eq!(g.decided(), confirmed());
    let g = Gate::refused();
    let question = filmed(&g.han.client.question().unwrap());
    let parcel = g.wang.hands_over(&question, g.visit);
    g.han.opens(&parcel).unwrap();
    g.han.stands(made_up(0));
    g.han.confirms(&g.w, g.case(), "confirmed");
    assert_eq!(g.decided(), unconfirmed("mocked"));
}

#[test]
fn wall_clocks_that_lie_two_hours_apart_change_nothing_and_a_reboot_only_what_can_be_known() {
    // Both phones have heard the server's time in this boot: their walls may say what they like.
    let g = Gate::refused();
    g.han.clock.lie_by_ms(2 * 3_600_000);
    g.wang.clock.lie_by_ms(-3_600_000);
    g.meets_apart(None, 0, None);
    g.confirms_without_a_fix();
    assert_eq!(g.decided(), confirmed());

    // One was rebooted: it only knows that it is later than its last sync. The other's clock says when they stood together.
    for (co_signed, expected) in [(true, confirmed()), (false, unconfirmed("time_unsure"))] {
        let g = Gate::refused();
        g.han.clock.reboot();
        g.han.clock.lie_by_ms(2 * 3_600_000);
        if co_signed {
            g.meets_apart(None, 0, None);
        } else {
            let question = filmed(&g.han.client.question().unwrap());
            let parcel = g.wang.hands_over(&question, g.visit);
            g.han.opens(&parcel).unwrap();
        }
        g.confirms_without_a_fix();
        // Nobody has a network for two days.
        g.w.minutes(48 * 60);
        assert_eq!(g.decided(), expected, "{co_signed}");
    }
}

#[test]
fn only_a_phone_that_walked_in_answers_for_the_visit() {
    // A teammate's phone that was never there has the case from the first one, and answers.
    let mut g = Gate::refused();
    let zhao = g.w.phone("赵");
    zhao.offline();
    let to_team = filmed(&zhao.client.question().unwrap());
    let parcel = g.wang.hands_over(&to_team, g.visit);
    zhao.opens(&parcel).unwrap();
    let question = filmed(&g.han.client.question().unwrap());
    let answer = zhao.client.answer(&question, g.visit, g.subject()).unwrap();
    g.han.client.hear_answer(&filmed(&answer)).unwrap();
    let parcel = zhao.hands_over(&question, g.visit);
    g.han.opens(&parcel).unwrap();
    g.confirms_without_a_fix();
    zhao.online().syncs();
    assert_eq!(g.decided(), unconfirmed("no_proof"));
    // The phone that was there answers later the same day, and is written into the sealed confirmation's document.
    g.wang.restarts();
    g.han.offline();
    g.wang.offline();
    let question = filmed(&g.han.client.question().unwrap());
    g.wang.stands(None);
    let answer = g
        .wang
        .client
        .answer(&question, g.visit, g.subject())
        .unwrap();
    g.han.client.hear_answer(&filmed(&answer)).unwrap();
    assert_eq!(g.decided(), confirmed());
}
