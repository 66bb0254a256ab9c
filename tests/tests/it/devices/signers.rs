//! `POST /v1/devices/{id}/signers`.

use fieldseal_tests::{TestDevice, TestServer};
use sync_core::proof::{CertificateKind, CertificatePayload, Signed};

use super::with_samplers;

#[test]
fn a_second_sampler_gets_a_key_of_their_own_on_the_first_ones_phone() {
    let server = TestServer::start();
    let (admin, first, second) = with_samplers(&server);
    let device = TestDevice::enrolled(&server, &admin, &first, 1);
    let signer = TestDevice::new(9);
    let path = format!("/v1/devices/{}/signers", device.id);
    let body = signer.signer(&server, &device, "li");
    let answer = server.post(&path, &device.access, body).expect(201);
    let certificate: Signed<CertificatePayload> =
        serde_json::from_value(answer.body["certificate"].clone()).unwrap();
    let payload = certificate.read_unverified().unwrap();
    assert_eq!(payload.kind, CertificateKind::Signer);
    assert_eq!(payload.user_id.to_string(), second);
    assert_eq!(payload.device_id.to_string(), device.id);
    assert_eq!(payload.actor, device.actor);
    assert_eq!(payload.serial, 2, "serials grow");
}

#[test]
fn a_signer_is_certified_by_their_own_phone_and_password_alone() {
    let server = TestServer::start();
    let (admin, first, second) = with_samplers(&server);
    let device = TestDevice::enrolled(&server, &admin, &first, 1);
    let other = TestDevice::enrolled(&server, &admin, &second, 2);
    let signer = TestDevice::new(9);
    let path = format!("/v1/devices/{}/signers", device.id);
    let body = signer.signer(&server, &device, "li");
    server
        .post(&path, &other.access, body)
        .expect_problem(404, "not_found");
    let mut body = signer.signer(&server, &device, "li");
    body["password"] = "a wrong password".into();
    server
        .post(&path, &device.access, body)
        .expect_problem(401, "credentials_wrong");
}
