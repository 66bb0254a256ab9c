-- How many pieces of evidence a visit lists (影像), of how many the bytes are here, and how many wait for a decision of the
-- authority: what lists ask, told by the projection, by each upload that is finished, and by each decision. A server of before
-- these columns leaves them as they are: such a visit is counted anew when it is next projected, or bytes come for it.
ALTER TABLE visits ADD COLUMN evidence_listed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN evidence_here BIGINT NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN evidence_waiting BIGINT NOT NULL DEFAULT 0;
UPDATE visits SET
    evidence_listed = (SELECT COUNT(*) FROM evidence e WHERE e.document_id = visits.document_id),
    evidence_here = (SELECT COUNT(*) FROM evidence e
        JOIN evidence_proofs p ON p.document_id = e.document_id AND p.sha256 = e.sha256
        JOIN blobs b ON b.sha256 = e.sha256 AND b.size_bytes = e.size_bytes WHERE e.document_id = visits.document_id),
    evidence_waiting = (SELECT COUNT(*) FROM evidence e LEFT JOIN evidence_verdicts r
        ON r.document_id = e.document_id AND r.evidence_id = e.evidence_id AND r.sha256 = e.sha256
        WHERE e.document_id = visits.document_id AND ((r.verdict <> 'accepted' AND e.answered >= r.version)
            OR (r.version IS NULL AND EXISTS (SELECT 1 FROM evidence_proofs p JOIN blobs b ON b.sha256 = p.sha256
                WHERE p.document_id = e.document_id AND p.sha256 = e.sha256 AND b.size_bytes = e.size_bytes))))
WHERE EXISTS (SELECT 1 FROM evidence e WHERE e.document_id = visits.document_id);

-- The index that holds everything that a search asks of a visit holds these too.
DROP INDEX visits_searched;
CREATE INDEX visits_searched ON visits
    (sort_at, document_id, body_id, campaign_id, team_id, region, enterprise, state, evidence_listed, evidence_here,
     name_searched, products_searched);
-- Of many visits few have evidence that waits.
CREATE INDEX visits_evidence_waiting ON visits (sort_at, document_id) WHERE evidence_waiting > 0;

-- Whether somebody sits at the console with it. Sessions of before are not told apart: those of the console end within hours.
ALTER TABLE sessions ADD COLUMN console BIGINT NOT NULL DEFAULT 0;
