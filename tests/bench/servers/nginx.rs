//! nginx, if it is installed, with files of the same bytes as our responses.

use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::machine::{self, LOAD_CORE, SERVER_CORE};

const PROGRAM: &str = "nginx";
/// The timeout of its start.
const START_MAX: Duration = Duration::from_secs(10);

/// A running nginx of one process, and the folder with its files.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Removed when it has ended.
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// Whether it is installed.
    pub(crate) fn is_here() -> bool {
        let version = Command::new(PROGRAM).arg("-v").output();
        version.is_ok_and(|answer| answer.status.success())
    }

    /// Starts it on the server's core, with a file for each of the bodies: `/0`, `/1` and so on.
    pub(crate) fn start(bodies: &[Vec<u8>]) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        for (index, body) in bodies.iter().enumerate() {
            fs::write(folder.path().join(index.to_string()), body)?;
        }
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let path = folder.path().display().to_string();
        let mut configuration = fs::File::create(folder.path().join("nginx.conf"))?;
        configuration.write_all(configuration_of(address, &path).as_bytes())?;
        machine::pin(&[SERVER_CORE])?;
        let child = Command::new(PROGRAM)
            .args(["-p", &path, "-c", "nginx.conf", "-e", "stderr"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        machine::pin(&[LOAD_CORE])?;
        let nginx = Self {
            child: child?,
            address,
            _folder: folder,
        };
        nginx.wait()?;
        Ok(nginx)
    }

    fn wait(&self) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            match TcpStream::connect(self.address) {
                Ok(_listening) => return Ok(()),
                Err(error) if begun.elapsed() > START_MAX => return Err(error),
                Err(_not_yet) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The settings of a distribution, without an access log, in one process, with long keep-alive.
fn configuration_of(address: SocketAddr, path: &str) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {path}/pid;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n{temporary}access_log off;\nsendfile on;\ntcp_nopush on;\n\
         open_file_cache max=100;\n\
         keepalive_requests 1000000000;\n\
         server {{ listen {address}; root {path}; }}\n}}\n"
    )
}
