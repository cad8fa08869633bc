import ArgumentParser
import FileSystem
import Support

/// `twiliofs unmount`.
struct UnmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount", abstract: "Unmount an account.", aliases: ["umount"])

    @Flag(
        name: [.customShort("z"), .long],
        help: "Detach the mount at once, even with open files; it ends when they are closed.")
    var lazy = false

    @Argument(help: ArgumentHelp("The mount point.", valueName: "mountpoint"))
    var mountPoint: String

    func run() throws {
        do throws(FileSystemError) {
            try Unmounting.unmount(mountPoint, isLazy: lazy)
        } catch {
            throw Failure(error).report()
        }
    }
}

extension Failure {
    /// A failure of the file system, with its exit status.
    init(_ error: FileSystemError) {
        let status: FailureStatus =
            switch error.code {
            case .mountPoint: .mountPoint
            case .unavailable: .fuseUnavailable
            case .option: .configuration
            case .refused: .other
            }
        self.init(status, error.message)
    }
}
