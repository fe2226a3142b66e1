// SPDX-License-Identifier: Apache-2.0
//! What WASI offers and Cordon does not: sockets and name look-ups. Every attempt is told to the host and answered with an ordinary error.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode as NetError, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::{ip_name_lookup, network, tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{DynPollable, Network, SocketError, SocketResult, TcpSocket, UdpSocket};

use crate::wasi::Refuse;

impl Refuse<'_> {
    fn no_socket<R>(&self, what: &str) -> SocketResult<R> {
        self.deny("socket", what, false);
        Err(NetError::AccessDenied.into())
    }
}

impl tcp_create_socket::Host for Refuse<'_> {
    fn create_tcp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        self.no_socket("tcp")
    }
}

impl udp_create_socket::Host for Refuse<'_> {
    async fn create_udp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        self.no_socket("udp")
    }
}

impl network::Host for Refuse<'_> {
    fn convert_error_code(&mut self, err: SocketError) -> wasmtime::Result<NetError> {
        err.downcast()
    }
    fn network_error_code(&mut self, _: Resource<wasmtime::Error>) -> wasmtime::Result<Option<NetError>> {
        Ok(None)
    }
}

impl network::HostNetwork for Refuse<'_> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        self.table.delete(network)?;
        Ok(())
    }
}

impl ip_name_lookup::Host for Refuse<'_> {
    fn resolve_addresses(
        &mut self,
        _: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ip_name_lookup::ResolveAddressStream>> {
        self.no_socket(&format!("look-up of {name}"))
    }
}

/// No stream is ever made, so a guest holds no handle to call these with.
impl ip_name_lookup::HostResolveAddressStream for Refuse<'_> {
    fn resolve_next_address(
        &mut self,
        _: Resource<ip_name_lookup::ResolveAddressStream>,
    ) -> SocketResult<Option<network::IpAddress>> {
        Ok(None)
    }
    fn subscribe(&mut self, _: Resource<ip_name_lookup::ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>> {
        Err(wasmtime::format_err!("no look-up was started"))
    }
    fn drop(&mut self, _: Resource<ip_name_lookup::ResolveAddressStream>) -> wasmtime::Result<()> {
        Ok(())
    }
}
