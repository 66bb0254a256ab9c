//! `/v1/checkpoints` and `GET /v1/visits/{id}/proof`: that a visit stands under a checkpoint, and that one extends another.

use fieldseal_tests::World;
use serde_json::{Value, json};
use sync_core::model::Digest;
use sync_core::proof::log::tree;

use super::{checkpoint, digests, followed, opened};

/// Whether a proof of a visit holds, climbed as an outsider does it.
fn holds(proof: &Value, root: &Digest) -> bool {
    let leaf = sync_core::proof::log::chain::line_hash(proof["leaf_text"].as_str().unwrap());
    let steps = proof["path"].as_array().unwrap().iter();
    let steps: Vec<(bool, Digest)> = steps
        .map(|step| {
            (
                step["side"] == "left",
                step["hash"].as_str().unwrap().parse().unwrap(),
            )
        })
        .collect();
    tree::climb(&leaf, steps.iter().map(|(left, hash)| (*left, hash))) == *root
}

#[test]
fn a_visit_is_proved_under_each_checkpoint_and_each_checkpoint_extends_those_before() {
    let w = World::shanxi();
    let (mut wang, mut li) = (w.phone("王"), w.phone("李"));
    let first_visit = wang.enters("铸造");
    wang.syncs();
    let mut made = vec![checkpoint(&w)];
    let second_visit = li.enters("五金店");
    li.syncs();
    made.push(checkpoint(&w));
    wang.draws("T1");
    wang.syncs();
    made.push(checkpoint(&w));
    // Nothing came since: it is the same one.
    assert_eq!(checkpoint(&w).1, made[2].1);
    for (visit, from) in [(first_visit, 0), (second_visit, 1)] {
        for (told, payload) in &made[from..] {
            let number = &told["number"];
            let proof = w.get(&format!("/v1/visits/{visit}/proof?checkpoint={number}"));
            assert!(holds(&proof, &payload.root), "{proof}");
            assert!(!holds(&proof, &Digest([7; 32])));
            assert_eq!(opened(&w, &proof).1, *payload);
        }
        let (_, head) = followed(&w, visit);
        let proof = w.get(&format!("/v1/visits/{visit}/proof"));
        assert_eq!(proof["lines"], json!(head.lines));
        assert_eq!(proof["leaf_text"], json!(tree::leaf_text(visit, &head)));
    }
    // Before its first line a visit stands nowhere.
    let path = format!("/v1/visits/{second_visit}/proof?checkpoint=1");
    w.call("GET", "晋城", &path, Value::Null)
        .expect_problem(404, "not_found");
    for (earlier, later) in [(0, 1), (0, 2), (1, 2), (2, 2)] {
        let (old, new) = (&made[earlier].1, &made[later].1);
        let path = format!("/v1/checkpoints/{}?since={}", new.number, old.number);
        let told = w
            .server
            .call("GET", &path, None, Value::Null)
            .expect(200)
            .body;
        let proof = digests(&told["extends"]);
        let (old, new) = ((old.leaves, &old.root), (new.leaves, &new.root));
        assert!(tree::extends(old, new, &proof));
        assert!(earlier == later || !tree::extends((old.0, &Digest([1; 32])), new, &proof));
    }
    let listed = w
        .server
        .call("GET", "/v1/checkpoints?limit=2", None, Value::Null);
    let listed = listed.expect(200).body;
    assert_eq!(listed["items"][0]["number"], json!(made[2].1.number));
    let rest = format!("/v1/checkpoints?after={}", listed["next"].as_str().unwrap());
    let rest = w
        .server
        .call("GET", &rest, None, Value::Null)
        .expect(200)
        .body;
    assert_eq!(
        rest["items"].as_array().unwrap().len() as i64,
        made[2].1.number - 2
    );
    for (path, code) in [
        ("/v1/checkpoints/999", "not_found"),
        ("/v1/checkpoints/1?since=0", "not_found"),
    ] {
        w.server
            .call("GET", path, None, Value::Null)
            .expect_problem(404, code);
    }
    w.server
        .call("GET", "/v1/checkpoints/1?since=2", None, Value::Null)
        .expect_problem(422, "value_invalid");
}

#[test]
fn each_checkpoint_names_the_bytes_of_the_one_before() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.syncs();
    let (_, first) = checkpoint(&w);
    wang.draws("T1");
    wang.syncs();
    let (_, second) = checkpoint(&w);
    assert_eq!(second.number, first.number + 1);
    assert!(second.before.is_some() && second.before != first.before);
    assert!(second.leaves > first.leaves);
}
