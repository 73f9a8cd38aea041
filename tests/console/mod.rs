//! What people see: pages as a browser gets them, and a real browser.

mod browser;
mod forms;
mod pages;
mod pictures;
mod sessions;
mod tables;
