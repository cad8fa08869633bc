import ArgumentParser

/// What one of the two ``Doorkeeper`` processes does: a disk that doesn't answer holds up the one, and not the other.
enum DoorDuty: String, CaseIterable, ExpressibleByArgument {
    /// Opens files, and starts key processes.
    case files
    /// Unmounts, and asks mounts for their state: it opens no file, and never changes its user.
    case mounts
}

extension DoorMessage.Request {
    /// Whose it is; nil for the seal, which both get.
    var duty: DoorDuty? {
        switch self {
        case .seal: nil
        case .setMount, .unmount, .findMountState: .mounts
        case .addSecret, .setLogFile, .openSecret, .openLogFile, .addKeyFile, .startKeyProcess, .findEnd, .findStamp:
            .files
        }
    }
}
