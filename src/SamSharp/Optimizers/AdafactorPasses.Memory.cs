using System.Buffers;
using SamSharp.Kernels.Vectorized;

namespace SamSharp.Optimizers;

/// <summary>Where the tensor under way lies. bfloat16 weights and gradients are read into scratch memory, a row or block at a time.</summary>
internal sealed unsafe partial class AdafactorPasses<T>
{
    private static T* Start(TensorMemory? memory, int list, int tensor) => memory is null ? null : memory.At<T>(list, new Piece(tensor, 0, 0));

    private void Find(int tensor)
    {
        _elements = ElementsOf(_memory, tensor);
        if (_isNarrow)
        {
            var start = new Piece(tensor, 0, 0);
            _narrow = new(_memory.At<ushort>(0, start), _memory.At<ushort>(1, start), _allMasters is null ? null : _allMasters.At<float>(0, start),
                _keys?[tensor]);
        }
        else
        {
            _weight = Start(_memory, 0, tensor);
            _gradient = Start(_memory, 1, tensor);
        }
        _moment = Start(_allMoments, 0, tensor);
        _size = Start(_allSizes, 0, tensor);
    }

    /// <summary>Room for gradients and weights in float32, where they have less.</summary>
    private T[] Rent(int count) => _isNarrow ? ArrayPool<T>.Shared.Rent(2 * count) : [];

    private void Return(T[] rented)
    {
        if (_isNarrow) ArrayPool<T>.Shared.Return(rented);
    }

    private T* Gradients(long start, int count, T* scratch)
    {
        if (!_isNarrow) return _gradient + start;
        _narrow.ReadGradients(start, count, (float*)scratch);
        return scratch;
    }

    private T* Weights(long start, int count, T* scratch) =>
        _isNarrow ? (T*)_narrow.ReadWeights(start, count, (float*)(scratch + count)) : _weight + start;
}
