//! `POST /v1/devices`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::crypto::AwsLc;
use fieldseal_tests::{TestDevice, TestServer};
use serde_json::json;
use sync_core::limits::{
    ADDRESS_FAILURES_MAX, CHALLENGE_MS, ENROLMENT_CODE_MS, FAILURES_WINDOW_MS,
};
use sync_core::proof::{CertificateKind, CertificatePayload, Role, Signed, enrolment_statement};

use super::with_samplers;

#[test]
fn an_enrolled_phone_holds_a_certificate_that_the_servers_key_signed() {
    let server = TestServer::start();
    let (admin, user, _) = with_samplers(&server);
    let device = TestDevice::new(1);
    let answer = device
        .enrol(&server, &server.enrolment_code(&admin, &user))
        .expect(201);
    let certificate: Signed<CertificatePayload> =
        serde_json::from_value(answer.body["certificate"].clone()).unwrap();
    let key = STANDARD.decode(
        answer.body["server_keys"][0]["public_key"]
            .as_str()
            .unwrap(),
    );
    let payload = certificate
        .open(&AwsLc, |_| key.ok())
        .expect("a valid certificate");
    assert_eq!(payload.kind, CertificateKind::Device);
    assert_eq!(payload.actor, device.actor);
    assert_eq!(payload.user_id.to_string(), user);
    assert_eq!(payload.roles, [Role::Sampler]);
    assert_eq!(payload.public_key, STANDARD.encode(device.public_key()));
}

#[test]
fn a_code_enrols_one_phone_and_not_after_its_time() {
    let server = TestServer::start();
    let (admin, user, _) = with_samplers(&server);
    let code = server.enrolment_code(&admin, &user);
    TestDevice::new(1).enrol(&server, &code).expect(201);
    TestDevice::new(2)
        .enrol(&server, &code)
        .expect_problem(403, "enrolment_code_invalid");
    let late = server.enrolment_code(&admin, &user);
    server.clock.advance_ms(ENROLMENT_CODE_MS);
    TestDevice::new(2)
        .enrol(&server, &late)
        .expect_problem(403, "enrolment_code_invalid");
}

#[test]
fn a_phone_that_does_not_hold_its_key_is_not_enrolled_and_the_code_stays_good() {
    let server = TestServer::start();
    let (admin, user, _) = with_samplers(&server);
    let code = server.enrolment_code(&admin, &user);
    let (device, other) = (TestDevice::new(1), TestDevice::new(2));
    let challenge = server.challenge();
    let mut forged = device.enrolment(&code, &challenge);
    forged["signature"] = other.enrolment(&code, &challenge)["signature"].clone();
    server
        .call("POST", "/v1/devices", None, forged)
        .expect_problem(403, "signature_invalid");
    device.enrol(&server, &code).expect(201);
}

#[test]
fn a_challenge_serves_once_and_not_after_its_time() {
    let server = TestServer::start();
    let (admin, user, _) = with_samplers(&server);
    let code = server.enrolment_code(&admin, &user);
    let stale = TestDevice::new(1).enrolment(&code, &server.challenge());
    server.clock.advance_ms(CHALLENGE_MS);
    server
        .call("POST", "/v1/devices", None, stale)
        .expect_problem(403, "challenge_invalid");
    let body = TestDevice::new(1).enrolment(&code, &server.challenge());
    server
        .call("POST", "/v1/devices", None, body.clone())
        .expect(201);
    let mut other = TestDevice::new(2).enrolment(&code, "");
    other["challenge"] = body["challenge"].clone();
    server
        .call("POST", "/v1/devices", None, other)
        .expect_problem(403, "challenge_invalid");
}

#[test]
fn an_actor_belongs_to_one_install_for_ever() {
    let server = TestServer::start();
    let (admin, user, _) = with_samplers(&server);
    TestDevice::enrolled(&server, &admin, &user, 1);
    let mut clone = TestDevice::new(2);
    clone.actor = TestDevice::new(1).actor;
    let answer = clone.enrol(&server, &server.enrolment_code(&admin, &user));
    let answer = answer.expect_problem(409, "conflict");
    assert_eq!(answer.body["errors"][0]["field"], "actor");
}

#[test]
fn a_key_that_is_no_point_of_the_curve_is_refused() {
    let server = TestServer::start();
    let (admin, user, _) = with_samplers(&server);
    let code = server.enrolment_code(&admin, &user);
    for bad in [vec![], vec![4; 65], vec![2; 32], vec![0; 33]] {
        let mut body = TestDevice::new(1).enrolment(&code, &server.challenge());
        body["public_key"] = json!(STANDARD.encode(&bad));
        server
            .call("POST", "/v1/devices", None, body)
            .expect_problem(422, "value_invalid");
    }
}

#[test]
fn a_raw_signature_serves_as_well_as_der_and_neither_for_another_message() {
    use p256::ecdsa::signature::Signer;
    use sync_core::proof::Verifier;
    let device = TestDevice::new(1);
    let signature: p256::ecdsa::Signature = device.key.sign(b"message");
    let (raw, der) = (signature.to_bytes(), signature.to_der());
    for bytes in [raw.as_slice(), der.as_bytes()] {
        for compress in [false, true] {
            let key = device.key.verifying_key().to_sec1_point(compress);
            assert!(AwsLc.verify_p256(key.as_bytes(), b"message", bytes));
            assert!(!AwsLc.verify_p256(key.as_bytes(), b"massage", bytes));
        }
    }
}

#[test]
fn a_public_key_is_a_point_on_the_curve_and_one_persons_however_it_is_written() {
    let server = TestServer::start();
    let (admin, user, _) = with_samplers(&server);
    let code = server.enrolment_code(&admin, &user);
    let device = TestDevice::new(1);
    let whole = device.public_key();
    let mut off_the_curve = whole.clone();
    off_the_curve[64] ^= 1;
    let mut x_too_large = vec![2; 1];
    x_too_large.extend([0xff; 32]);
    for bad in [
        vec![],
        vec![0],
        vec![0; 65],
        off_the_curve,
        x_too_large,
        whole[..64].to_vec(),
        [whole.as_slice(), &[0]].concat(),
        // Another kind of key of a plausible length.
        vec![7; 32],
    ] {
        let mut body = device.enrolment(&code, &server.challenge());
        body["public_key"] = STANDARD.encode(&bad).into();
        server
            .call("POST", "/v1/devices", None, body)
            .expect_problem(422, "value_invalid");
    }
    device.enrol(&server, &code).expect(201);

    // The same key, compressed, of an install that claims to be another.
    let mut compressed = vec![2 + (whole[64] & 1)];
    compressed.extend(&whole[1..33]);
    let (code, challenge) = (server.enrolment_code(&admin, &user), server.challenge());
    let mut other = TestDevice::new(1);
    other.actor = sync_core::model::Actor([9; 16]);
    let statement = enrolment_statement(&challenge, &other.actor, &compressed);
    let mut body = other.enrolment(&code, &challenge);
    body["public_key"] = STANDARD.encode(&compressed).into();
    body["signature"] = other.sign(&statement).into();
    server
        .call("POST", "/v1/devices", None, body)
        .expect_problem(409, "conflict");
}

#[test]
fn codes_cannot_be_guessed_for_ever_from_one_address() {
    let server = TestServer::start();
    let (admin, user, _) = with_samplers(&server);
    let device = TestDevice::new(1);
    for _ in 0..ADDRESS_FAILURES_MAX {
        device
            .enrol(&server, "0000-0000-0000-0000-0000")
            .expect_problem(403, "enrolment_code_invalid");
    }
    let code = server.enrolment_code(&admin, &user);
    device
        .enrol(&server, &code)
        .expect_problem(429, "attempts_exceeded");
    server.clock.advance_ms(FAILURES_WINDOW_MS);
    device.enrol(&server, &code).expect(201);
}
