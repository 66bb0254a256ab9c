//! `PUT /v1/devices/{id}/agreement-key`, and the key that comes with an enrolment.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_tests::{TestDevice, TestServer};
use serde_json::{Value, json};
use sync_core::model::DeviceId;
use sync_core::proof::parcel::AgreementKey;
use sync_core::proof::{CertificatePayload, Signed, agreement_statement};

fn key(seed: u8) -> Vec<u8> {
    AgreementKey::from_seed(&[seed; 32]).public().to_vec()
}

fn certified(body: &Value) -> CertificatePayload {
    let signed: Signed<CertificatePayload> =
        serde_json::from_value(body["certificate"].clone()).unwrap();
    signed.read_unverified().unwrap()
}

fn world() -> (TestServer, String, String) {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140500");
    let user = server.user(&admin, &body, "zhang", &["sampler"]);
    (server, admin, user)
}

#[test]
fn a_key_for_parcels_is_certified_at_enrolment_and_afterwards() {
    let (server, admin, user) = world();
    let mut device = TestDevice::new(1);
    let code = server.enrolment_code(&admin, &user);
    let challenge = server.challenge();
    let mut body = device.enrolment(&code, &challenge);
    let nil = DeviceId(uuid::Uuid::nil());
    let statement = agreement_statement(&challenge, nil, &key(1));
    body["agreement_key"] = json!(STANDARD.encode(key(1)));
    body["agreement_signature"] = json!(device.sign(b"something else"));
    let forged = server.call("POST", "/v1/devices", None, body.clone());
    forged.expect_problem(403, "signature_invalid");
    body["agreement_signature"] = json!(device.sign(&statement));
    let enrolled = server.call("POST", "/v1/devices", None, body).expect(201);
    let first = certified(&enrolled.body);
    assert_eq!(first.agreement_key, Some(STANDARD.encode(key(1))));
    device.take(&enrolled.body["tokens"]);
    device.id = enrolled.text("device_id");

    let path = format!("/v1/devices/{}/agreement-key", device.id);
    let put = |body: Value| server.call("PUT", &path, Some(&device.access), body);
    let next = certified(&put(device.agreement_key(&server, 2)).expect(200).body);
    assert_eq!(next.agreement_key, Some(STANDARD.encode(key(2))));
    assert!(next.serial > first.serial);
    assert_eq!(next.public_key, first.public_key);
    let same = certified(&put(device.agreement_key(&server, 2)).expect(200).body);
    assert_eq!(
        same.serial, next.serial,
        "what is certified is not certified again"
    );
    let told = server.get(&format!("/v1/devices/{}", device.id), &admin);
    assert_eq!(certified(&told.expect(200).body), next);
}

#[test]
fn what_signs_agrees_on_nothing_and_nobody_notes_a_key_for_another_phone() {
    let (server, admin, user) = world();
    let device = TestDevice::enrolled(&server, &admin, &user, 1);
    let other = TestDevice::enrolled(&server, &admin, &user, 2);
    let path = format!("/v1/devices/{}/agreement-key", device.id);
    let put = |by: &TestDevice, body: Value| server.call("PUT", &path, Some(&by.access), body);
    let own = device.agreement_key_of(&server, &device.public_key());
    put(&device, own).expect_problem(409, "conflict");
    let mut short = key(3);
    short.truncate(33);
    short[0] = 2;
    for bytes in [&short[..], &[4; 65], b"", b"key"] {
        let refused = put(&device, device.agreement_key_of(&server, bytes));
        refused.expect_problem(422, "value_invalid");
    }
    let forged = other.agreement_key(&server, 3);
    put(&device, forged.clone()).expect_problem(403, "signature_invalid");
    put(&other, forged).expect_problem(404, "not_found");
    let told = server.get(&format!("/v1/devices/{}", device.id), &admin);
    assert_eq!(certified(&told.expect(200).body).agreement_key, None);
}
