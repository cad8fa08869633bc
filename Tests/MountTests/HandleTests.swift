import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("File handles", .orderly, .needsFUSE, .enabled(if: getuid() == 0, "needs root"))
struct HandleTests {
    /// Prints the handle of each path that it reads, or opens the handles and prints what they lead to.
    private static let script = """
        import ctypes, os, stat, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        def save(path):
            handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
            mount = ctypes.c_int()
            if libc.name_to_handle_at(-100, path.encode(), handle, ctypes.byref(mount), 0): raise OSError(ctypes.get_errno(), path)
            return handle.raw[:8 + struct.unpack("I", handle.raw[:4])[0]].hex()
        def load(root, text):
            bytes = bytearray.fromhex(text)
            handle = (ctypes.c_char * len(bytes)).from_buffer(bytes)
            file = libc.open_by_handle_at(root, handle, os.O_PATH)
            if file < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            return file
        def describe(file):
            status = os.stat(file, follow_symlinks=False) if isinstance(file, str) else os.fstat(file)
            at = dict(path=file) if isinstance(file, str) else dict(path="", dir_fd=file)
            link = os.readlink(**at) if stat.S_ISLNK(status.st_mode) else None
            size = 0 if ".twiliofs" in str(file) or stat.S_ISDIR(status.st_mode) else status.st_size
            return [status.st_ino, oct(status.st_mode), size, link]
        if sys.argv[1] == "save":
            for path in sys.stdin.read().split(): print(save(path), *describe(path), path)
        else:
            root = os.open(sys.argv[2], os.O_RDONLY)
            for line in sys.stdin.read().splitlines():
                text, *expected = line.split()
                try:
                    found = [str(part) for part in describe(load(root, text))]
                    if found != expected[:-1]: print(expected[-1], found)
                    if found[1].startswith("0o10"):
                        with open(f"/proc/self/fd/{load(root, text)}", "rb") as file: file.read()
                except OSError as error: print(expected[-1], error)
        """

    @Test("Handles lead to their files when the kernel has forgotten them, and after a remount")
    func remount() throws {
        let media = try TestMedia.small
        let account = try SimulatedAccount(media: media) {
            $0.subaccounts = [try SimulatedSubaccount(name: "own", mediaFolder: media.path)]
        }
        let folder = try TemporaryFolder()
        let cache = folder.path("cache")
        try folder.file("script", Self.script)
        var handles = ""
        do {
            let mount = try MountedAccount(account, options: ["--subaccounts"], cacheFolder: cache)
            handles = try Command.shell(
                "find . -path ./.twiliofs -prune -o -print | sed 's|^./||' | grep . | /usr/bin/python3 \"$1\" save",
                folder.path("script"), directory: mount.path
            ).text
            #expect(handles.split(separator: "\n").count > 40)
            try folder.file("handles", handles)
            #expect(try Self.differences(mount, folder) == "")
            for _ in 0..<3 {
                try Command.shell("echo 2 >/proc/sys/vm/drop_caches")
                #expect(try Self.differences(mount, folder) == "")
            }
            #expect(try mount.unmount().end == .exited(0))
        }
        let again = try MountedAccount(account, options: ["--subaccounts"], cacheFolder: cache)
        #expect(try Self.differences(again, folder) == "")
    }

    private static func differences(_ mount: MountedAccount, _ folder: TemporaryFolder) throws -> String {
        try Command.shell(
            "exec /usr/bin/python3 \"$1/script\" load \"$2\" <\"$1/handles\"", folder.url.path, mount.path
        ).text
    }
}
