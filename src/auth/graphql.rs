//! Accounts and sessions as the API shows them.
