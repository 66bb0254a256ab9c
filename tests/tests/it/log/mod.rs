//! The log (存证日志): chains, checkpoints and proofs through the API, and phones that watch them.

mod adoption;
mod audit;
mod checkpoints;
mod lines;
mod stamps;
mod watching;

use fieldseal_tests::World;
use serde_json::{Value, json};
use sync_core::model::{Digest, DocumentId};
use sync_core::proof::log::{CheckpointPayload, Head, Line, chain};
use sync_core::proof::{Signed, Verifier};

/// Makes a checkpoint now.
fn checkpoint(w: &World) -> (Value, CheckpointPayload) {
    let made = w.call("POST", "晋城", "/v1/checkpoints", json!({}));
    opened(w, &made.expect(200).body)
}

/// A checkpoint of an answer, opened with the key that the server publishes.
fn opened(w: &World, told: &Value) -> (Value, CheckpointPayload) {
    let signed: Signed<CheckpointPayload> =
        serde_json::from_value(told["checkpoint"].clone()).unwrap();
    let keys = w.get("/v1/server-keys");
    let key = keys["items"].as_array().unwrap().iter();
    let mut key = key.filter(|key| key["key_id"] == json!(signed.key_id));
    let key = key.next().unwrap()["public_key"]
        .as_str()
        .unwrap()
        .to_owned();
    let key = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, key).unwrap();
    let verifier: &dyn Verifier = &fieldseal_server::crypto::AwsLc;
    let payload = signed.open(verifier, |_| Some(key)).unwrap();
    (told.clone(), payload)
}

/// All lines of a visit's chain, followed from the first, and where it ends.
fn followed(w: &World, visit: DocumentId) -> (Vec<Line>, Head) {
    let (mut texts, mut after) = (Vec::<String>::new(), json!(0));
    loop {
        let page = w.get(&format!("/v1/visits/{visit}/log?lines=2&after={after}"));
        let lines = page["lines"].as_array().unwrap().iter();
        texts.extend(lines.map(|line| line.as_str().unwrap().to_owned()));
        match page.get("next") {
            Some(next) => after = next.clone(),
            None => {
                let texts = texts.iter().map(String::as_str);
                let (lines, head) = chain::follow(visit, Head::EMPTY, texts).unwrap();
                assert_eq!(page["length"], json!(head.lines));
                assert_eq!(page["head"], json!(head.hash));
                return (lines, head);
            }
        }
    }
}

fn digests(listed: &Value) -> Vec<Digest> {
    let listed = listed.as_array().unwrap().iter();
    listed
        .map(|hash| hash.as_str().unwrap().parse().unwrap())
        .collect()
}
