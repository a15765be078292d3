namespace SamSharp.Kernels.Vectorized;

/// <summary>Updates a block of adjacent weights, given in float32 with their gradients.</summary>
internal unsafe delegate void BlockUpdate(float* weights, float* gradients, Piece block);

/// <summary>Updates of bfloat16 weights, computed in float32 a block at a time, so that memory is read and written in 16 bits alone.</summary>
internal static unsafe class BrainBlocks
{
    /// <summary>Elements of a block; two of them in float32 fit the nearest cache.</summary>
    private const int Block = 2048;

    /// <summary>Updates every block.</summary>
    /// <param name="memory">bfloat16 weights (list 0) and gradients (list 1).</param>
    /// <param name="masters">float32 weights, which are updated in their place; null if there are none.</param>
    /// <param name="keys">For each tensor the key for rounding at random; null to round to the nearest.</param>
    /// <param name="update">The update.</param>
    public static void ForEach(TensorMemory memory, TensorMemory? masters, ulong[]? keys, BlockUpdate update) =>
        Work.ForEach(memory, piece =>
        {
            float* gradients = stackalloc float[Block], copies = stackalloc float[Block];
            for (var done = 0; done < piece.Count; done += Block)
            {
                var block = piece with { Start = piece.Start + done, Count = Math.Min(Block, piece.Count - done) };
                var narrow = memory.At<ushort>(0, block);
                BrainLoops.Widen(memory.At<ushort>(1, block), gradients, block.Count);
                var weights = masters is null ? copies : masters.At<float>(0, block);
                if (masters is null) BrainLoops.Widen(narrow, weights, block.Count);
                else BrainLoops.TakeUpChanges(narrow, weights, block.Count);
                update(weights, gradients, block);
                if (keys is null) BrainLoops.Write(default(ToNearest), weights, narrow, block.Start, block.Count);
                else BrainLoops.Write(new AtRandom(keys[block.Tensor]), weights, narrow, block.Start, block.Count);
            }
        });
}
