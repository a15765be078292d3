namespace SamSharp.Distributed.Mpi;

/// <summary>The implementations of MPI that share a binary interface.</summary>
internal enum MpiFamily
{
    /// <summary>Open MPI 4 and 5.</summary>
    OpenMpi,

    /// <summary>MPICH 3 and 4, Intel MPI, MVAPICH, MS-MPI.</summary>
    Mpich,

    /// <summary>The standard interface of MPI 5.</summary>
    Standard,
}
