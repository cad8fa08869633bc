import CFUSE
import FileTree
import Glibc

// Requests that would change the tree. They come only if somebody remounts the file system writable: the kernel refuses
// changes of a read-only mount.

private func refuse(_ handle: fuse_req_t?, _ inode: fuse_ino_t) {
    OperationContext.run(handle, .change, inode) { _, request in request.fail(.tree(.readOnly)) }
}

func refuseSetAttributes(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, _ attributes: UnsafeMutablePointer<stat>?, _ which: Int32,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) { refuse(handle, inode) }

func refuseMakeNode(
    _ handle: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ mode: mode_t, _ device: dev_t
) { refuse(handle, parent) }

func refuseMakeDirectory(_ handle: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ mode: mode_t) {
    refuse(handle, parent)
}

/// Refuses the removal of a file, a directory or an extended attribute.
func refuseUnlink(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ name: UnsafePointer<CChar>?) { refuse(handle, inode) }

func refuseSymbolicLink(
    _ handle: fuse_req_t?, _ target: UnsafePointer<CChar>?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?
) { refuse(handle, parent) }

func refuseRename(
    _ handle: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ newParent: fuse_ino_t,
    _ newName: UnsafePointer<CChar>?, _ flags: UInt32
) { refuse(handle, parent) }

func refuseLink(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ newParent: fuse_ino_t, _ newName: UnsafePointer<CChar>?) {
    refuse(handle, inode)
}

func refuseWrite(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, _ bytes: UnsafePointer<CChar>?, _ size: Int, _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) { refuse(handle, inode) }

func refuseCreate(
    _ handle: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ mode: mode_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) { refuse(handle, parent) }

func refuseSetExtendedAttribute(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?,
    _ size: Int, _ flags: Int32
) { refuse(handle, inode) }

func refuseAllocate(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, _ mode: Int32, _ offset: off_t, _ length: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) { refuse(handle, inode) }
