-- Pictures of what was delivered, as they are shown: made anew from what was sent, so that nothing else of the file is kept.

CREATE TABLE pictures (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    delivery_id {uuid} NOT NULL REFERENCES deliveries (id),
    -- SHA-256 of the file that was sent: the same one is kept once.
    digest TEXT NOT NULL,
    width INTEGER NOT NULL CHECK (width > 0),
    height INTEGER NOT NULL CHECK (height > 0),
    size INTEGER NOT NULL CHECK (size > 0),
    added_by {uuid} NOT NULL REFERENCES accounts (id),
    added_at {instant} NOT NULL,
    UNIQUE (delivery_id, digest)
);

-- Apart, so that what lists pictures reads none.
CREATE TABLE picture_contents (
    picture_id {uuid} NOT NULL PRIMARY KEY REFERENCES pictures (id),
    content {bytes} NOT NULL
);
