-- What visits are searched by. A server of before this table leaves the new columns of what it projects empty, and writes no
-- findings here: such a visit is listed as before, and found by them when it is projected and ruled anew.
ALTER TABLE visits ADD COLUMN name_searched TEXT;      -- folded, no longer than an index takes
ALTER TABLE visits ADD COLUMN products_searched TEXT;  -- one product a line
UPDATE visits SET name_searched = SUBSTR(LOWER(enterprise_name), 1, 120),
    products_searched = (SELECT SUBSTR(STRING_AGG(LOWER(s.product_name), CHR(10)), 1, 400)
        FROM samples s WHERE s.document_id = visits.document_id);
-- Everything that a search asks of a visit, in the order of lists: who sees few of many visits reads this and no row.
CREATE INDEX visits_searched ON visits
    (sort_at, document_id, body_id, campaign_id, team_id, region, enterprise, state, name_searched, products_searched);

-- Which rules speak in the rulings that stand.
CREATE TABLE standing_findings (
    rule_id     TEXT NOT NULL,
    document_id BYTEA NOT NULL,
    subject     TEXT NOT NULL,     -- visit/…, entry/…, sample/…, refusal/…
    PRIMARY KEY (rule_id, document_id, subject)
);
CREATE INDEX standing_findings_subject ON standing_findings (subject);
CREATE INDEX standing_findings_document_id ON standing_findings (document_id, rule_id);
INSERT INTO standing_findings (rule_id, document_id, subject)
    SELECT DISTINCT f.value ->> 'rule_id', r.document_id, r.subject
    FROM subject_outcomes o JOIN rulings r ON r.ruling_id = o.ruling_id
    CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS(CAST(r.findings AS JSONB)) AS f (value);

CREATE INDEX subject_outcomes_outcome ON subject_outcomes (kind, outcome, document_id);
CREATE INDEX samples_tasks_of_document ON samples (document_id, task_id);
