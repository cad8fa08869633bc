import ArgumentParser
import FileSystem
import Support

/// `twiliofs unmount`.
struct UnmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount",
        abstract: "Unmount what 'twiliofs mount' has mounted.",
        aliases: ["umount"]
    )

    @Flag(
        name: [.customShort("z"), .long],
        help: "Take the mount out of sight at once, although files in it are open; it ends when they are closed.")
    var lazy = false

    @Argument(help: ArgumentHelp("The directory that is mounted on.", valueName: "mountpoint"))
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
