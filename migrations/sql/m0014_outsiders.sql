-- Accounts whose tokens an outside issuer gives out. Their roles come from each token; where the last one gave some, those districts look
-- after the account.

CREATE TABLE outsiders (
    account_id {uuid} NOT NULL PRIMARY KEY REFERENCES accounts (id),
    issuer TEXT NOT NULL
);

CREATE TABLE outsider_districts (
    account_id {uuid} NOT NULL REFERENCES outsiders (account_id),
    district_id {uuid} NOT NULL REFERENCES areas (id),
    PRIMARY KEY (account_id, district_id)
);

CREATE INDEX outsider_districts_district ON outsider_districts (district_id, account_id);
