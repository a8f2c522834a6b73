"""What MESR and the compared networks share: interface, layers, loss, MATLAB's imresize."""
