// SPDX-License-Identifier: Apache-2.0
//! The refusing half of WASI: files, sockets and name look-ups. Every attempt is told to the host and answered with an ordinary error.

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode as NetError, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::{ip_name_lookup, network, tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, DynPollable, FsError, FsResult, Network, SocketError, SocketResult, TcpSocket, UdpSocket,
};

use crate::wasi::Refuse;

type Fd = Resource<Descriptor>;
type Entries = Resource<types::DirectoryEntryStream>;

/// The one folder there is. Descriptors are stateless here: each of them is `/`.
const ROOT: u32 = 0;

fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches("./").trim_start_matches('/'))
}

impl Refuse<'_> {
    fn no_read<R>(&self, path: &str) -> FsResult<R> {
        self.deny("read", &absolute(path), true);
        Err(types::ErrorCode::Access.into())
    }
    fn no_write<R>(&self, path: &str) -> FsResult<R> {
        self.deny("write", &absolute(path), true);
        Err(types::ErrorCode::Access.into())
    }
    fn no_socket<R>(&self, what: &str) -> SocketResult<R> {
        self.deny("socket", what, false);
        Err(NetError::AccessDenied.into())
    }
}

impl preopens::Host for Refuse<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        Ok(vec![(Resource::new_own(ROOT), "/".to_string())])
    }
}

impl types::Host for Refuse<'_> {
    fn convert_error_code(&mut self, err: FsError) -> wasmtime::Result<types::ErrorCode> {
        err.downcast()
    }
    fn filesystem_error_code(&mut self, _: Resource<wasmtime::Error>) -> wasmtime::Result<Option<types::ErrorCode>> {
        Ok(None)
    }
}

impl types::HostDescriptor for Refuse<'_> {
    async fn advise(&mut self, _: Fd, _: u64, _: u64, _: types::Advice) -> FsResult<()> {
        Err(types::ErrorCode::BadDescriptor.into())
    }
    async fn sync_data(&mut self, _: Fd) -> FsResult<()> {
        Ok(())
    }
    async fn sync(&mut self, _: Fd) -> FsResult<()> {
        Ok(())
    }
    async fn get_flags(&mut self, _: Fd) -> FsResult<types::DescriptorFlags> {
        Ok(types::DescriptorFlags::READ)
    }
    async fn get_type(&mut self, _: Fd) -> FsResult<types::DescriptorType> {
        Ok(types::DescriptorType::Directory)
    }
    async fn set_size(&mut self, _: Fd, _: u64) -> FsResult<()> {
        Err(types::ErrorCode::IsDirectory.into())
    }
    async fn set_times(&mut self, _: Fd, _: types::NewTimestamp, _: types::NewTimestamp) -> FsResult<()> {
        self.no_write("/")
    }
    async fn read(&mut self, _: Fd, _: u64, _: u64) -> FsResult<(Vec<u8>, bool)> {
        Err(types::ErrorCode::IsDirectory.into())
    }
    async fn write(&mut self, _: Fd, _: Vec<u8>, _: u64) -> FsResult<u64> {
        Err(types::ErrorCode::IsDirectory.into())
    }
    async fn read_directory(&mut self, _: Fd) -> FsResult<Entries> {
        Ok(Resource::new_own(ROOT))
    }
    async fn create_directory_at(&mut self, _: Fd, path: String) -> FsResult<()> {
        self.no_write(&path)
    }
    async fn stat(&mut self, _: Fd) -> FsResult<types::DescriptorStat> {
        Ok(types::DescriptorStat {
            type_: types::DescriptorType::Directory,
            link_count: 1,
            size: 0,
            data_access_timestamp: None,
            data_modification_timestamp: None,
            status_change_timestamp: None,
        })
    }
    async fn stat_at(&mut self, fd: Fd, _: types::PathFlags, path: String) -> FsResult<types::DescriptorStat> {
        if path == "." || path == "/" { self.stat(fd).await } else { self.no_read( &path) }
    }
    async fn set_times_at(
        &mut self,
        _: Fd,
        _: types::PathFlags,
        path: String,
        _: types::NewTimestamp,
        _: types::NewTimestamp,
    ) -> FsResult<()> {
        self.no_write( &path)
    }
    async fn link_at(&mut self, _: Fd, _: types::PathFlags, _: String, _: Fd, new_path: String) -> FsResult<()> {
        self.no_write( &new_path)
    }
    async fn open_at(
        &mut self,
        _: Fd,
        _: types::PathFlags,
        path: String,
        open: types::OpenFlags,
        flags: types::DescriptorFlags,
    ) -> FsResult<Fd> {
        let writes = open.intersects(types::OpenFlags::CREATE | types::OpenFlags::TRUNCATE)
            || flags.intersects(types::DescriptorFlags::WRITE | types::DescriptorFlags::MUTATE_DIRECTORY);
        match path.as_str() {
            "." | "/" if !writes => Ok(Resource::new_own(ROOT)),
            _ if writes => self.no_write( &path),
            _ => self.no_read( &path),
        }
    }
    fn drop(&mut self, _: Fd) -> wasmtime::Result<()> {
        Ok(())
    }
    async fn readlink_at(&mut self, _: Fd, path: String) -> FsResult<String> {
        self.no_read( &path)
    }
    async fn remove_directory_at(&mut self, _: Fd, path: String) -> FsResult<()> {
        self.no_write( &path)
    }
    async fn rename_at(&mut self, _: Fd, old_path: String, _: Fd, _: String) -> FsResult<()> {
        self.no_write( &old_path)
    }
    async fn symlink_at(&mut self, _: Fd, _: String, path: String) -> FsResult<()> {
        self.no_write( &path)
    }
    async fn unlink_file_at(&mut self, _: Fd, path: String) -> FsResult<()> {
        self.no_write( &path)
    }
    fn read_via_stream(&mut self, _: Fd, _: u64) -> FsResult<Resource<DynInputStream>> {
        Err(types::ErrorCode::IsDirectory.into())
    }
    fn write_via_stream(&mut self, _: Fd, _: u64) -> FsResult<Resource<DynOutputStream>> {
        Err(types::ErrorCode::IsDirectory.into())
    }
    fn append_via_stream(&mut self, _: Fd) -> FsResult<Resource<DynOutputStream>> {
        Err(types::ErrorCode::IsDirectory.into())
    }
    async fn is_same_object(&mut self, _: Fd, _: Fd) -> wasmtime::Result<bool> {
        Ok(true)
    }
    async fn metadata_hash(&mut self, _: Fd) -> FsResult<types::MetadataHashValue> {
        Ok(types::MetadataHashValue { lower: 0, upper: 0 })
    }
    async fn metadata_hash_at(&mut self, fd: Fd, _: types::PathFlags, path: String) -> FsResult<types::MetadataHashValue> {
        if path == "." || path == "/" { self.metadata_hash(fd).await } else { self.no_read( &path) }
    }
}

impl types::HostDirectoryEntryStream for Refuse<'_> {
    async fn read_directory_entry(&mut self, _: Entries) -> FsResult<Option<types::DirectoryEntry>> {
        Ok(None)
    }
    fn drop(&mut self, _: Entries) -> wasmtime::Result<()> {
        Ok(())
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
