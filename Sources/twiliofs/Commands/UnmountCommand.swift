import ArgumentParser
import FileSystem

/// `twiliofs unmount`.
struct UnmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount", abstract: "Unmount an account.", aliases: ["umount"])

    @Flag(
        name: [.customShort("z"), .long],
        help: "Detach the mount at once, even with open files; it ends when they are closed.")
    var lazy = false

    @Argument(help: .value("mountpoint", "The mount point."))
    var mountPoint: String

    func run() throws { try Unmounting.unmount(mountPoint, isLazy: lazy) }
}
