//! `demo`: plays the demonstration on a server of its own, then goes on serving so that anybody can look.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fieldseal_server::crypto::sha256;
use fieldseal_tests::demonstration::{Ending, FILES, Outcomes, Story, outcomes, prove};
use fieldseal_tests::server::{PASSWORD, TestServer};
use fieldseal_tests::world::{World, word};

/// Where the folders of demonstrations are made, in the working folder.
const PARENT: &str = "demo-data";

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
    // The story is on standard output; the server's log beside it only for those who ask.
    if std::env::var_os("FIELDSEAL_LOG").is_some() {
        fieldseal_server::telemetry::start_logging(true);
    }
    match play(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let folder = match &arguments.data {
        Some(folder) => {
            std::fs::create_dir(folder)
                .map_err(|error| format!("the data folder {}: {error}", folder.display()))?;
            folder.clone()
        }
        None => fresh_folder()
            .map_err(|error| format!("a new folder in {PARENT}: {error}; name one with --data"))?,
    };
    let world = World::with(TestServer::start_in(&folder), &FILES);
    println!(
        "Fieldseal 演示 · demonstration
产品质量监督抽查：抽样人员在现场离线记录，服务器收齐后依规裁定。企业、机构、人员均为虚构。
Product-quality supervision sampling: samplers record at the gate without a network, the server rules on what arrives.
Everybody is fictional; the phones are the real client with a SQLite file each, talking HTTP to the real server.

数据目录 data folder: {}
服务地址 server: {}
种子 seed: {}（只改变同步的先后 · changes the order of syncs alone）
每条裁定都按编号读回 every ruling is read back by its id: GET /v1/rulings/{{id}}

晋阳示例检测 Jinyang, an inspection body: 甲组 team A 王建国 Wang, 赵敏 Zhao · 乙组 team B 李华 Li, 孙丽 Sun
济宁示例检验所 Jining, another: 省组、丙组 teams for the province and the city 刘洋 Liu, 杨静 Yang
申城示例质检 Shencheng, in Shanghai: 陈晨 Chen, 林琳 Lin
执法监管人员 enforcement: 晋城城区 of the city's district 韩志刚 Han, 冯晓梅 Feng · 盐湖 of Yanhu 马强 Ma, 牛芳 Niu",
        folder.display(),
        world.server.url(""),
        arguments.seed
    );
    let ending = Story::new(&world, std::io::stdout().lock(), arguments.seed).play()?;
    println!("\n━━ 最终裁定 · Final rulings");
    for it in &ending.finals {
        let rules = match it.rules.is_empty() {
            true => "-".to_owned(),
            false => it.rules.join(","),
        };
        println!("{:22}{rules:14}{}  {}", it.outcome, it.ruling, it.label);
    }
    println!(
        "摘要 digest: {}（只含对象与结论，每个种子相同 · of subjects and outcomes, the same for every seed）",
        digest(&outcomes(&ending.finals))
    );
    prove(&world, &mut std::io::stdout().lock(), &ending.shown[0])?;
    if arguments.once {
        return Ok(());
    }
    keep_serving(&world, &ending);
    Ok(())
}

/// SHA-256 of the lines `outcome subject`.
fn digest(outcomes: &Outcomes) -> String {
    let lines = outcomes
        .iter()
        .map(|(label, outcome)| format!("{outcome} {label}\n"));
    hex::encode(sha256(lines.collect::<String>().as_bytes()))
}

/// Prints how to look, and serves until a signal. The clock of the story goes on from where it ended.
fn keep_serving(world: &World, ending: &Ending) {
    let (url, ruling) = (world.server.url(""), &ending.finals[0].ruling);
    println!(
        "
━━ 服务继续运行 · Still serving
{url}/docs
登录并读一条裁定 log in and read a ruling:
  TOKEN=$(curl -s {url}/v1/tokens -H 'Content-Type: application/json' \\
    -d '{{\"grant\":\"password\",\"username\":\"admin\",\"password\":\"{PASSWORD}\"}}' \\
    | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')
  curl -s {url}/v1/rulings/{ruling} -H \"Authorization: Bearer $TOKEN\"
取影像原件 fetch the pictures and the film:"
    );
    for (number, it) in (1..).zip(&ending.shown) {
        println!(
            "  curl -s {url}{}/content -H \"Authorization: Bearer $TOKEN\" -o {number}-{}.{}",
            it.path, it.kind, it.extension
        );
    }
    let shop = &ending.shown[0];
    let link = world.get(&format!("{}/link", shop.path));
    println!(
        "五分钟内在浏览器中看 {} in a browser, for five minutes (GET {}/link gives another):
  {url}{}",
        shop.label,
        shop.path,
        word(&link["url"])
    );
    println!(
        "演示账号 logins, everybody's password is \"{PASSWORD}\":
  admin     管理员 administrator of the whole country"
    );
    for person in world.catalogue().people.values() {
        println!(
            "  {:9} {} {}",
            person.username,
            person.name,
            person.roles.join(", ")
        );
    }
    println!("Ctrl-C 结束 ends.");
    let clock = world.server.clock.clone();
    world.server.runtime.spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            clock.advance_ms(1_000);
        }
    });
    world
        .server
        .runtime
        .block_on(fieldseal_server::serve::signalled());
}

/// `demo-data/<number>` in the working folder, the first that is free.
fn fresh_folder() -> std::io::Result<PathBuf> {
    let parent = PathBuf::from(PARENT);
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
