//! Creating accounts, granting and revoking roles, setting passwords.
