//! `demo`: plays the demonstration on a server of its own, then goes on serving so that anybody can look.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fieldseal_tests::demonstration::Story;
use fieldseal_tests::server::{PASSWORD, TestServer};
use fieldseal_tests::world::World;

/// Plays a story of two phones at one gate, and of what is ruled
#[derive(Parser)]
struct Arguments {
    /// End after the story instead of serving
    #[arg(long)]
    once: bool,
    /// Permutes the order in which phones sync; the rulings are the same for every seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder for the data; made anew, it must not exist
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

fn main() -> ExitCode {
    match play(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn play(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let folder = match &arguments.data {
        Some(folder) => {
            std::fs::create_dir(folder)?;
            folder.clone()
        }
        None => fresh_folder()?,
    };
    println!("数据目录 data folder: {}", folder.display());
    println!(
        "种子 seed: {}（只改变同步的先后 · changes the order of syncs alone）",
        arguments.seed
    );
    let world = World::with(
        TestServer::start_in(&folder),
        &["bodies", "shanxi", "shanghai"],
    );
    let outcomes = Story::new(&world, std::io::stdout().lock(), arguments.seed).play()?;
    println!("\n━━ 最终裁定 · Final rulings");
    for (subject, outcome) in &outcomes {
        println!("{outcome:22}{subject}");
    }
    if arguments.once {
        return Ok(());
    }
    println!(
        "\n服务继续运行 still serving: {}",
        world.server.url("/docs")
    );
    println!("演示账号 logins, password {PASSWORD:?}:");
    println!("  admin            管理员 administrator");
    for person in world.catalogue().people.values() {
        println!(
            "  {:16} {} {}",
            person.username,
            person.name,
            person.roles.join(", ")
        );
    }
    println!("Ctrl-C 结束 ends.");
    world
        .server
        .runtime
        .block_on(fieldseal_server::serve::signalled());
    Ok(())
}

/// `demo-data/<number>` in the working folder, the first that is free.
fn fresh_folder() -> std::io::Result<PathBuf> {
    let parent = PathBuf::from("demo-data");
    std::fs::create_dir_all(&parent)?;
    for number in 1_u32.. {
        let folder = parent.join(number.to_string());
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other("no folder is free"))
}
