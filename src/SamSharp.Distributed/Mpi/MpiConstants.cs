using System.Runtime.InteropServices;

namespace SamSharp.Distributed.Mpi;

/// <summary>Handles and constants, which differ by implementation. All handles are passed in a register of the width of a pointer; MPICH reads the
/// lower half.</summary>
internal sealed record MpiConstants
{
    public required nint World { get; init; }

    public required nint Float { get; init; }

    public required nint Double { get; init; }

    public required nint Byte { get; init; }

    public required nint Sum { get; init; }

    public required nint ErrorsReturn { get; init; }

    public required nint InPlace { get; init; }

    public required nint StatusIgnore { get; init; }

    public static MpiConstants Of(MpiFamily family, nint library) => family switch
    {
        // mpi.h of Open MPI: handles are the addresses of exported structures.
        MpiFamily.OpenMpi => new()
        {
            World = NativeLibrary.GetExport(library, "ompi_mpi_comm_world"),
            Float = NativeLibrary.GetExport(library, "ompi_mpi_float"),
            Double = NativeLibrary.GetExport(library, "ompi_mpi_double"),
            Byte = NativeLibrary.GetExport(library, "ompi_mpi_byte"),
            Sum = NativeLibrary.GetExport(library, "ompi_mpi_op_sum"),
            ErrorsReturn = NativeLibrary.GetExport(library, "ompi_mpi_errors_return"),
            InPlace = 1,
            StatusIgnore = 0,
        },
        // mpi.h of MPICH: handles are int.
        MpiFamily.Mpich => new()
        {
            World = 0x44000000,
            Float = 0x4c00040a,
            Double = 0x4c00080b,
            Byte = 0x4c00010d,
            Sum = 0x58000003,
            ErrorsReturn = 0x54000001,
            InPlace = -1,
            StatusIgnore = 1,
        },
        // The table of the MPI 5.0 standard (mpi.h of mpi-forum/mpi-abi-stubs).
        _ => new()
        {
            World = 0x101,
            Float = 0x210,
            Double = 0x214,
            Byte = 0x247,
            Sum = 0x21,
            ErrorsReturn = 0x142,
            InPlace = 1,
            StatusIgnore = 0,
        },
    };
}
