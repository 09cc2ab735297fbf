-- One row: what the clock's floor leaves out.
CREATE TABLE clock (
    id BIGINT NOT NULL PRIMARY KEY,
    -- Audit entries up to this id bear instants of a clock that ran ahead, as the operator has declared. 0: none.
    disbelieved BIGINT NOT NULL
);

INSERT INTO clock (id, disbelieved) VALUES (1, 0);

-- The latest instant is looked up at each start.
CREATE INDEX audit_by_instant ON audit (at, id);
