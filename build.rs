//! Bundles the explorer where Node is at hand, and writes what `src/http/explorer.rs` embeds. Whatever goes wrong there, the build goes on: the
//! plain page is served then. Checks the operations of the console against the schema, and writes what `src/console/pages.rs` embeds.
//!
//! After Node was installed, `touch build.rs` makes it look again.

use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use apollo_compiler::{ExecutableDocument, Schema};

/// Set to `plain`, it leaves the bundle out.
const SWITCH: &str = "ALLIANCE_EXPLORER_BUILD";
/// What the bundle is made of, in `explorer/`.
const SOURCES: [&str; 5] = ["package.json", "package-lock.json", "build.mjs", "src", "shared"];
/// What npm is given, so that a build without a network is not held up.
const INSTALL: [&str; 10] = [
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-progress",
    "--prefer-offline",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=500",
    "--fetch-retry-maxtimeout=1000",
    "--fetch-timeout=15000",
];
/// A step that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(240);

fn main() -> Result<(), String> {
    let explorer = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("explorer");
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={SWITCH}");
    for source in SOURCES.iter().chain(&["examples"]) {
        println!("cargo:rerun-if-changed=explorer/{source}");
    }
    let bundle = if env::var(SWITCH).is_ok_and(|said| said == "plain") {
        Vec::new()
    } else {
        bundle(&explorer, &out.join("explorer")).unwrap_or_else(|why| {
            println!("cargo:warning=the explorer is a plain page, because GraphiQL was not bundled: {why}");
            Vec::new()
        })
    };
    let text = embedded(&bundle, &explorer.join("examples")).map_err(|error| error.to_string())?;
    fs::write(out.join("explorer.rs"), text).map_err(|error| error.to_string())?;
    if env::var_os("CARGO_FEATURE_CONSOLE").is_none() {
        return Ok(());
    }
    let text = console(Path::new(&variable("CARGO_MANIFEST_DIR")?))?;
    fs::write(out.join("console.rs"), text).map_err(|error| error.to_string())
}

/// Rust with the files of the console by their paths. What it asks for must be in the schema.
fn console(root: &Path) -> Result<String, String> {
    let (sdl, folder) = (root.join("schema/schema.graphql"), root.join("src/console"));
    println!("cargo:rerun-if-changed={}", sdl.display());
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let schema = Schema::parse_and_validate(read(&sdl)?, "schema.graphql").map_err(|wrong| wrong.to_string())?;
    let mut text = "pub const FILES: &[(&str, &str)] = &[\n".to_owned();
    for part in ["pages", "assets"] {
        println!("cargo:rerun-if-changed={}", folder.join(part).display());
        for file in listed(&folder.join(part)).map_err(|error| error.to_string())? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".graphql") {
                ExecutableDocument::parse_and_validate(&schema, read(&file)?, &file).map_err(|wrong| wrong.to_string())?;
            }
            let _ = writeln!(text, "    (\"{part}/{name}\", include_str!({file:?})),");
        }
    }
    text.push_str("];\n");
    Ok(text)
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo sets {name}"))
}

/// The files of the bundle, made in a folder of the build's own: the sources may lie where nothing can be written.
fn bundle(explorer: &Path, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let [node, npm] = ["node", "npm"].map(program);
    let (Some(node), Some(npm)) = (node, npm) else { return Err("Node and npm are not in PATH".to_owned()) };
    let said = |error: io::Error| error.to_string();
    fs::create_dir_all(folder).map_err(said)?;
    for source in SOURCES {
        let to = folder.join(source);
        // What was deleted must not be bundled.
        if to.is_dir() {
            fs::remove_dir_all(&to).map_err(said)?;
        }
        copy(&explorer.join(source), &to).map_err(said)?;
    }
    let (lock, installed) = (folder.join("package-lock.json"), folder.join("installed.json"));
    let lock = fs::read(lock).map_err(said)?;
    if !fs::read(&installed).is_ok_and(|before| before == lock) {
        let _ = fs::remove_file(&installed);
        run(Command::new(npm).args(INSTALL), folder)?;
        fs::write(&installed, lock).map_err(said)?;
    }
    run(Command::new(node).arg("build.mjs"), folder)?;
    let mut files = listed(&folder.join("dist")).map_err(said)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "gz"));
    if files.iter().any(|file| file.ends_with("index.html.gz")) { Ok(files) } else { Err("there is no page among its files".to_owned()) }
}

fn program(name: &str) -> Option<PathBuf> {
    let file = if cfg!(windows) && name == "npm" { "npm.cmd".to_owned() } else { format!("{name}{}", env::consts::EXE_SUFFIX) };
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&file)).find(|path| path.is_file())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Runs a step to its end, or ends it.
fn run(command: &mut Command, folder: &Path) -> Result<(), String> {
    let (log, name) = (folder.join("log"), command.get_program().to_string_lossy().into_owned());
    let said = |error: io::Error| format!("{name}: {error}");
    let output = File::create(&log).map_err(said)?;
    let errors = output.try_clone().map_err(said)?;
    let mut child = command.current_dir(folder).stdin(Stdio::null()).stdout(output).stderr(errors).spawn().map_err(said)?;
    let began = Instant::now();
    let status = loop {
        match child.try_wait().map_err(said)? {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => {
                let _ = child.kill().and_then(|()| child.wait());
                return Err(format!("{name} took too long, see {}", log.display()));
            }
            None => thread::sleep(Duration::from_millis(50)),
        }
    };
    if status.success() { Ok(()) } else { Err(format!("{name} failed, see {}", log.display())) }
}

/// Rust with the files of the bundle, by the name that each is asked for, and the examples in their order.
fn embedded(bundle: &[PathBuf], examples: &Path) -> io::Result<String> {
    let mut text = "/// The bundle, gzipped; empty where there is none.\npub const BUNDLE: &[(&str, &[u8])] = &[\n".to_owned();
    for file in bundle {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let _ = writeln!(text, "    ({name:?}, include_bytes!({file:?})),");
    }
    text.push_str("];\n/// Each example: its document and its variables, which may be none.\npub const EXAMPLES: &[(&str, &str)] = &[\n");
    for document in listed(examples)?.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "graphql")) {
        let variables = document.with_extension("json");
        let variables = if variables.is_file() { format!("include_str!({variables:?})") } else { "\"\"".to_owned() };
        let _ = writeln!(text, "    (include_str!({document:?}), {variables}),");
    }
    text.push_str("];\n");
    Ok(text)
}
