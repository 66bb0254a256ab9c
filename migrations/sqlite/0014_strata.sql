-- Producers known by their name alone are ruled in a stratum of their own before the products of a code: products and
-- years moved on by one. What was ruled and marked before keeps its place among the rest.

UPDATE scope_verdicts SET stratum = 4 WHERE scope LIKE 'year/%';
UPDATE scope_verdicts SET stratum = 3 WHERE scope LIKE 'product/%';
UPDATE dirty_scopes SET stratum = 4 WHERE scope LIKE 'year/%';
UPDATE dirty_scopes SET stratum = 3 WHERE scope LIKE 'product/%';
