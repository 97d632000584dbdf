//! How a command reaches a node: the one that runs on this data folder, else the store is opened here.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde_json::json;
use taizhang_node::{
    command::{Command, KeyCommand, Message, Reply, Request, Unlock},
    commands::{self, found},
    control,
    core::Core,
    driver::{self, NodeEvent, RunOptions},
    error::{CommandError, ErrorKind, io_text},
    folder::Folder,
};

use crate::{
    args::{Cli, Global, Run, Task},
    demo,
    output::Output,
    passphrase,
    progress::Progress,
    rules,
};

/// Does what the command line says, and shows the result.
pub(crate) fn run(cli: Cli, output: Output) -> Result<(), CommandError> {
    let Cli { global, what } = cli;
    match what.task()? {
        Task::Demo(options) => demo::run(options.keep, output),
        Task::Eval(options) => rules::eval(&options, output),
        Task::Passphrase(key, file) => {
            let new = passphrase::new(output.lang, file)?;
            output.reply(&ask(&global, Command::Key(KeyCommand::Passphrase { key, new }), output)?);
            Ok(())
        }
        Task::Run(options) => run_node(&folder(&global)?, &options, output),
        Task::Node(command) => {
            let reply = ask(&global, command, output)?;
            match damage(&reply) {
                // A script reads one object: the error, with what could be read as its details.
                Some(error) if output.json => return Err(error.details(reply.data.into())),
                Some(error) => {
                    output.reply(&reply);
                    return Err(error);
                }
                None => output.reply(&reply),
            }
            verdict(&reply)
        }
        Task::Invite(command, file) => {
            let mut progress = Progress::new(output);
            let (folder, unlock) = ready(&global, &command, &mut progress, output)?;
            // Before anything is granted; not before the passphrase, where whoever asks may still think better of it.
            let place = invite_file(&file)?;
            let mut reply = execute(&folder, Request { unlock, command }, &mut |message| progress.tell(&message))
                .inspect_err(|_| drop(std::fs::remove_file(&file)))?;
            if let Err(error) = write_invite(&reply, place, &file) {
                // It is granted: whoever asked for it must hold it.
                output.reply(&reply);
                return Err(error);
            }
            // Whoever holds it can use it: it stands in the file and nowhere else.
            reply.data.remove("invite");
            reply.data.insert("out".to_owned(), json!(file.display().to_string()));
            output.reply(&reply);
            Ok(())
        }
    }
}

/// The data folder of the command line, else of the environment, else the user's.
fn folder(global: &Global) -> Result<Folder, CommandError> {
    let env = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let shared = || env("XDG_DATA_HOME").or_else(|| Some(env("HOME")?.join(".local/share")));
    let path = global.data.clone().or_else(|| env("TAIZHANG_DATA")).or_else(|| Some(shared()?.join("taizhang")));
    let path = path.ok_or_else(|| {
        CommandError::new(ErrorKind::Usage, "不知道数据目录在哪里", "the data folder is not known")
            .hint("用 --data 指明", "name it with --data")
    })?;
    crate::args::absolute(&path).map(Folder::at)
}

fn ask(global: &Global, command: Command, output: Output) -> Result<Reply, CommandError> {
    let folder = folder(global)?;
    // Reading policies and certificates needs no ledger.
    let alone = if folder.is_set_up() {
        None
    } else {
        commands::policy::without_node(&command).or_else(|| commands::verify_text::without_node(&command))
    };
    if let Some(reply) = alone {
        return reply;
    }
    let mut progress = Progress::new(output);
    let (folder, unlock) = ready(global, &command, &mut progress, output)?;
    execute(&folder, Request { unlock, command }, &mut |message| progress.tell(&message))
}

/// The folder, looked at before a passphrase is asked for and before anything there is touched; and who asks.
fn ready(global: &Global, command: &Command, progress: &mut Progress, output: Output) -> Result<(Folder, Unlock), CommandError> {
    let folder = folder(global)?;
    if !folder.is_set_up() && !matches!(command, Command::Init { .. } | Command::Join { .. }) {
        folder.settings()?;
    }
    guard(&folder, progress)?;
    let passphrase = passphrase::get(output.lang, global.passphrase_file.clone(), command)?;
    Ok((folder, Unlock { key: global.as_key.clone(), passphrase }))
}

/// Gives a command to the node that runs on this folder; if none does, does it here.
pub(crate) fn execute(folder: &Folder, request: Request, tell: &mut dyn FnMut(Message)) -> Result<Reply, CommandError> {
    commands::sane::check(&request.command, taizhang_node::core::now().day())?;
    match &request.command {
        Command::Init { code, name, kind, root_keys, root_threshold } => {
            return found::init_with(folder, &request.unlock, (code, name, kind), (*root_keys, *root_threshold));
        }
        // A folder in use may belong to a node that runs: it then takes the newcomer in.
        Command::Join { .. } if folder.is_set_up() => {}
        Command::Join { invite, label } => return found::join(folder, &request.unlock, invite.reveal(), label.as_deref()),
        _ => {}
    }
    if let Some(reply) = control::call(folder, &request, tell)? {
        return Ok(reply);
    }
    if let Command::Join { invite, label } = &request.command {
        return found::join(folder, &request.unlock, invite.reveal(), label.as_deref());
    }
    match request.command {
        Command::Stop | Command::Links { .. } => {
            let at = folder.path().display();
            Err(CommandError::new(
                ErrorKind::NotReachable,
                format!("{at} 没有正在运行的节点"),
                format!("no node is running on {at}"),
            )
            .hint("用 taizhang run 启动", "start it with `taizhang run`"))
        }
        Command::Sync { address, timeout_ms } => {
            let core = open(folder, tell)?;
            runtime()?.block_on(driver::sync_once(core, address, timeout_ms, tell))
        }
        command => commands::execute(&mut open(folder, tell)?, &request.unlock, &command, tell),
    }
}

/// Before a passphrase is typed: the folder is ours alone, or the socket in it may be somebody else's.
fn guard(folder: &Folder, progress: &mut Progress) -> Result<(), CommandError> {
    folder.guard()?.into_iter().for_each(|mended| progress.tell(&Message::Note(mended)));
    Ok(())
}

fn open(folder: &Folder, tell: &mut dyn FnMut(Message)) -> Result<Core, CommandError> {
    Core::open(folder.clone(), &mut |what, done, total| tell(Message::Progress { what: what.to_owned(), done, total }))
}

fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| {
        CommandError::of(ErrorKind::Internal, taizhang_node::said::because("无法启动", "the runtime does not start", e))
    })
}

/// A verification that was carried out and did not agree is a result, and also a failure.
fn verdict(reply: &Reply) -> Result<(), CommandError> {
    match reply.data.get("ok").and_then(serde_json::Value::as_bool) {
        Some(false) if reply.schema == "taizhang.policy-check/1" => {
            Err(CommandError::new(ErrorKind::Refused, "该政策不能采用, 见上", "this policy cannot be adopted, see above"))
        }
        Some(false) if reply.schema == "taizhang.doctor/1" => Err(CommandError::new(
            ErrorKind::Verification,
            "有需要处理的事项, 见上",
            "there is something to look after, see above",
        )),
        Some(false) => Err(CommandError::new(ErrorKind::Verification, "核验没有通过, 见上", "verification failed, see above")),
        _ => Ok(()),
    }
}

/// What is shown is what could be read: less than was written.
fn damage(reply: &Reply) -> Option<CommandError> {
    let damage = |name: &str| reply.data.get("damage").and_then(|d| d.get(name)?.as_u64()).unwrap_or_default();
    let (holes, lost) = (damage("holes"), damage("lost"));
    (holes + lost > 0).then(|| damaged_store(holes, lost))
}

fn damaged_store(holes: u64, lost: u64) -> CommandError {
    CommandError::new(
        ErrorKind::Storage,
        format!("本机数据有损坏: {holes} 处无法读取, 缺 {lost} 条; 以上只是还能读取的部分"),
        format!("this machine's data is damaged: {holes} places cannot be read, {lost} entries are gone; above is what is left"),
    )
    .hint(
        "请先备份数据目录, 再运行 taizhang sync --once 从其他节点取回; taizhang check 列出损坏处; 找不回来的用 taizhang check --accept-loss 承认",
        "back the data folder up, then run `taizhang sync --once`: other nodes have the entries; `taizhang check` lists what is damaged; what nobody has is given up with `taizhang check --accept-loss`",
    )
}

/// Made before the invite is: no other invite is written over, and none is granted that could not be kept. Readable by its owner only, for whoever
/// holds an invite can use it.
fn invite_file(file: &Path) -> Result<File, CommandError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(|e| unusable(file, &e))
}

fn write_invite(reply: &Reply, mut place: File, file: &Path) -> Result<(), CommandError> {
    let text = reply.data.get("invite").and_then(serde_json::Value::as_str).unwrap_or_default();
    let written = place.write_all(format!("{text}\n").as_bytes()).and_then(|()| place.sync_all());
    written.map_err(|e| unusable(file, &e))
}

fn unusable(file: &Path, e: &std::io::Error) -> CommandError {
    let (at, why) = (file.display(), io_text(e));
    CommandError::not_found(format!("无法写入 {at}: {}", why.zh), format!("cannot write {at}: {}", why.en))
        .hint("请检查路径; 已有的文件不会被覆盖", "check the path; no file that is there is replaced")
}

fn run_node(folder: &Folder, options: &Run, output: Output) -> Result<(), CommandError> {
    let mut progress = Progress::new(output);
    guard(folder, &mut progress)?;
    let core = open(folder, &mut |message| progress.tell(&message))?;
    drop(progress);
    if options.until_stdin_closes {
        stop_when_stdin_closes(folder.clone());
    }
    let listen = options.listen.0;
    runtime()?.block_on(driver::run(core, RunOptions { listen }, |event| show(&event, output)))
}

fn show(event: &NodeEvent, output: Output) {
    match event {
        NodeEvent::Listening(address) => {
            let (zh, en) = listening(*address);
            output.event(json!({ "event": "listening", "address": address.to_string() }), &zh, &en);
        }
        NodeEvent::DialFailed { address, why } => {
            let (zh, en) =
                (format!("暂时联系不上 {address}: {}", driver::why::text(why).zh), format!("cannot reach {address} now: {why}"));
            output.event(json!({ "event": "dial_failed", "address": address, "why": why }), &zh, &en);
        }
        NodeEvent::Stopping => output.event(json!({ "event": "stopping" }), "正在停止", "stopping"),
        NodeEvent::Hub(event) => tracing::debug!(?event, "hub"),
    }
}

fn listening(address: SocketAddr) -> (String, String) {
    (
        format!("节点正在运行, 监听 {address} (UDP); 按 Ctrl-C 停止"),
        format!("the node is running and listens on {address} (UDP); Ctrl-C stops it"),
    )
}

/// A child whose parent is gone, however it went, does not stay behind.
fn stop_when_stdin_closes(folder: Folder) {
    std::thread::spawn(move || {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
        let stop = Request { unlock: Unlock::default(), command: Command::Stop };
        if !matches!(control::call(&folder, &stop, &mut |_| {}), Ok(Some(_))) {
            std::process::exit(0);
        }
    });
}
