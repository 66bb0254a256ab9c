//! A way to the server over real sockets that breaks at a byte: so many bytes of the request go through and so many of the
//! answer, then the connection is gone, at both ends. One connection's ([`Relay`]), or a whole client's ([`BadLine`]).

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What went through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    /// What the server was sent, byte for byte.
    pub up: Vec<u8>,
    /// What the phone was sent.
    pub down: Vec<u8>,
}

/// For one connection.
pub struct Relay {
    /// Where the phone connects.
    pub address: SocketAddr,
    carried: JoinHandle<io::Result<Passed>>,
}

impl Relay {
    /// One that takes a connection to `server` and breaks it after so many bytes in either direction.
    pub fn begin(server: SocketAddr, up_max: usize, down_max: usize) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let carried = thread::spawn(move || {
            let (phone, _) = listener.accept()?;
            carry(phone, TcpStream::connect(server)?, up_max, down_max)
        });
        Ok(Self { address, carried })
    }

    /// Waits until both ends are closed.
    pub fn end(self) -> Passed {
        let carried = self.carried.join().expect("the relay does not panic");
        carried.expect("sockets on loopback")
    }
}

fn carry(
    phone: TcpStream,
    mut server: TcpStream,
    up_max: usize,
    down_max: usize,
) -> io::Result<Passed> {
    let (from_phone, to_server) = (phone.try_clone()?, server.try_clone()?);
    let upwards = thread::spawn(move || {
        let up = pass(&from_phone, &to_server, up_max);
        if up.len() == up_max {
            let _ = from_phone.shutdown(Shutdown::Both);
        }
        // Both may be gone already: then there is nothing to close.
        let _ = to_server.shutdown(Shutdown::Write);
        up
    });
    let down = pass(&server, &phone, down_max);
    let _ = phone.shutdown(Shutdown::Both);
    // The server is left to finish: whatever it does with what it got is done when this returns.
    let _ = io::copy(&mut server, &mut io::sink());
    let up = upwards.join().expect("the relay does not panic");
    Ok(Passed { up, down })
}

/// Passes on until so many bytes went through, or one end is gone. It waits for a first byte even where none is to pass: the
/// other direction is through by then.
fn pass(mut from: &TcpStream, mut to: &TcpStream, max: usize) -> Vec<u8> {
    let mut passed = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let through = &buffer[..read.min(max - passed.len())];
        if to.write_all(through).is_err() {
            break;
        }
        passed.extend_from_slice(through);
        if passed.len() == max {
            break;
        }
    }
    passed
}

/// For every connection of a client: each goes through until a number of bytes that chance draws, and then breaks.
pub struct BadLine {
    /// Where the client connects.
    pub address: SocketAddr,
    state: Arc<LineState>,
}

struct LineState {
    server: Mutex<SocketAddr>,
    up: AtomicUsize,
    cuts: AtomicUsize,
    closed: AtomicBool,
}

impl BadLine {
    /// One to a server, whose connections carry so many bytes up at most.
    pub fn begin(server: SocketAddr, seed: u64, up: Range<usize>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(LineState {
            server: Mutex::new(server),
            up: AtomicUsize::new(0),
            cuts: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        });
        let line = state.clone();
        thread::spawn(move || {
            let mut dice = ChaCha8Rng::seed_from_u64(seed);
            for phone in listener.incoming() {
                if line.closed.load(Ordering::SeqCst) {
                    return;
                }
                let (line, up_max) = (line.clone(), dice.random_range(up.clone()));
                thread::spawn(move || line.carries(phone?, up_max));
            }
        });
        Ok(Self { address, state })
    }

    /// The server is here now.
    pub fn redirect(&self, server: SocketAddr) {
        *self.state.server.lock().expect("the address") = server;
    }

    /// How many bytes were sent to the server, heads of requests among them.
    pub fn up(&self) -> usize {
        self.state.up.load(Ordering::SeqCst)
    }

    /// How many connections were cut.
    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for BadLine {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        // Wakes the one who waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}

impl LineState {
    fn carries(&self, phone: TcpStream, up_max: usize) -> io::Result<()> {
        let server = *self.server.lock().expect("the address");
        let carried = carry(phone, TcpStream::connect(server)?, up_max, usize::MAX)?;
        self.up.fetch_add(carried.up.len(), Ordering::SeqCst);
        if carried.up.len() == up_max {
            self.cuts.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}
