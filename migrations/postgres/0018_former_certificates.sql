-- Certificates are renewed before they end. Those that were replaced stay: what was written and signed under them is judged
-- by them.
CREATE TABLE former_certificates (
    serial      BIGINT PRIMARY KEY NOT NULL,
    device_id   TEXT NOT NULL REFERENCES devices (device_id),
    kind        TEXT NOT NULL,      -- device, signer
    certificate TEXT NOT NULL,      -- JSON: the exact signed bytes and their signature
    replaced_at BIGINT NOT NULL
);
CREATE INDEX former_certificates_device_id ON former_certificates (device_id, serial);
