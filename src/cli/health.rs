//! Asks the service on this machine whether it is ready; needs no database and no tool.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use alliance::config::both;

const PATIENCE: Duration = Duration::from_secs(3);

pub fn check(listen: SocketAddr) -> Result<(), String> {
    let address = local(listen);
    match ask(address) {
        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => Ok(()),
        Ok(answer) => Err(both(
            format!("服务 {address} 尚未就绪"),
            format!("The service is not ready: {}", answer.lines().next().unwrap_or_default()),
        )),
        Err(error) => Err(both(format!("服务 {address} 没有回应"), format!("The service does not answer: {error}"))),
    }
}

/// Where a service that listens there can be asked from here.
fn local(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_on_all_addresses_is_asked_on_the_loopback() {
        assert_eq!(local("0.0.0.0:8080".parse().unwrap()), "127.0.0.1:8080".parse().unwrap());
        assert_eq!(local("[::]:9".parse().unwrap()), "[::1]:9".parse().unwrap());
        assert_eq!(local("10.0.0.5:9".parse().unwrap()), "10.0.0.5:9".parse().unwrap());
    }
}
