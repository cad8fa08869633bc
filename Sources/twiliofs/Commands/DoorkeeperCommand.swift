import ArgumentParser
import Credentials
import FileSystem
import Glibc
import KeyProcess
import Support

/// `twiliofs doorkeeper`, which the program starts for itself: see ``Doorkeeper``.
struct DoorkeeperCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Doorkeeper.commandName, abstract: "Open files, start key processes and unmount for a mount.",
        shouldDisplay: false)

    @Option(help: .hidden)
    var user: String?

    @Option(help: .hidden)
    var duty = DoorDuty.files

    func run() throws {
        try ProcessSecrecy.begin()
        NamedThread.nameCurrent("twiliofs-door")
        // The signals of a terminal or of a service manager are the mount's, whose end is this one's.
        for number in 1...64 where number != SIGCHLD && !CrashSignals.all.contains(Int32(number)) {
            signal(Int32(number), SIG_IGN)
        }
        setsid()
        _ = chdir("/")
        var type: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(Doorkeeper.descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0,
            type == Int32(SOCK_SEQPACKET.rawValue)
        else { throw Failure(.usage, "'\(Doorkeeper.commandName)' is for the program's own use") }
        _ = fcntl(Doorkeeper.descriptor, F_SETFD, FD_CLOEXEC)
        let user = try user.map { (name) throws(Failure) in try ServingUser(name) }
        var door = Door(duty, hands: FileHands(user: user))
        while let packet = DoorSocket.receive(Doorkeeper.descriptor) {
            if let descriptor = packet.descriptor { close(descriptor) }
            guard let request = DoorMessage.Request(packet.bytes) else { break }
            let (answer, opened) = door.answer(request)
            let isSent = DoorSocket.send(packet.number, answer.bytes, with: opened, on: Doorkeeper.descriptor)
            if let opened { close(opened) }
            guard isSent else { break }
        }
    }
}

/// Opens files, starts key processes, and unmounts.
private struct FileHands: Door.Hands {
    /// The user whom the mount has become.
    let user: ServingUser?

    func openSecret(_ path: String) -> Int32 {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        guard let user else { return open(path, flags) }
        return user.opening(path) { open(path, flags) }
    }

    func openLogFile(_ path: String) throws(Failure) -> Int32 {
        guard let user else { return try LogFile.open(path) }
        return try user.opening(path) { () throws(Failure) in try LogFile.open(path) }
    }

    func mountState(of path: String) -> MountState { MountQuestion.state(of: path, as: user) }

    func stamp(of path: String) -> FileStamp? {
        guard let user else { return FileStamp(of: path) }
        return user.stamp(of: path)
    }

    func startKeyProcess(_ reading: KeyReading) throws(SystemError) -> (socket: Int32, processID: Int32) {
        let opened = reading.opened { path in
            let descriptor = openSecret(path)
            return descriptor >= 0 ? .descriptor(descriptor) : .failed(errno)
        }
        defer { opened.close() }
        return try KeyProgram.own(for: user).start(opened)
    }

    func end(of process: Int32, within patience: Duration) -> ProcessEnd? {
        ProcessEnd(of: process, within: patience)
    }

    func unmount(_ mount: MountIdentity) throws(DoorRefusal) {
        do throws(FileSystemError) {
            try Unmounting.unmount(mount)
        } catch {
            throw DoorRefusal(kind: error.code.doorKind, sentence: error.message)
        }
    }
}
